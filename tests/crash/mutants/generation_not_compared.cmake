# The records of an older generation count too. The sequence would catch that as well, so it is not compared either.
edit(runtime/store/journal.cpp [[head->generation != generation_ || ]] [[]])
edit(runtime/store/store_open.cpp
  [[if (place.head.sequence <= applied_) continue;]]
  [[]])
