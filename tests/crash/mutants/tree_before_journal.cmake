# A checkpoint commits the tree with batches that are not in the journal, and so never will be.
edit(runtime/store/store_sync.cpp [[if (journal_ && durable_ != applied_) {]] [[if (false) {]])
