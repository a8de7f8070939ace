# The replay does again what the batch did (here: count one more) instead of putting what came of it, and commits as it
# goes. Without a cut in the middle nobody notices.
edit(runtime/store/store_open.cpp
  [[if (auto written = write(*effects); !written) return written;]]
  [[if (const auto counter = effects->find("vcount"); counter != effects->end()) {
      const auto old = tree_->get("vcount").value();
      const long count = old ? std::stol(Bytes(unseal("vcount", *old)->body)) : 1'000'000;
      counter->second = seal("vcount", place.head.sequence, std::to_string(count + 1));
    }
    if (auto written = write(*effects); !written) return written;
    if (auto written = tree_->commit(); !written) return written;]])
