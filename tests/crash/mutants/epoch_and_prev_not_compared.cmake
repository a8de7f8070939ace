# What stands behind a record counts as the next one if its number fits: a record that a cut had undone comes back.
edit(runtime/store/journal.cpp [[ || head->prev != chain_ || head->epoch < epoch_]] [[]])
