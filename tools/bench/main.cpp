// SPDX-License-Identifier: Apache-2.0
// bench_dormouse [--quick] [--only NAME] [--dir FOLDER]: prints figures as a table in Markdown.
#include <cstdio>
#include <cstring>
#include <optional>

#include "tools/bench/figures.hpp"
#include "tools/bench/machine.hpp"

namespace dormouse::bench {

namespace {

struct Group {
  const char* name;
  Status (*measure)(const Options& options);
};
constexpr Group groups[] = {
    {"disk", measure_disk},
    {"idle", measure_idle},
    {"memory", measure_memory},
    {"enqueue", measure_enqueue},
    {"execute", measure_execute},
    {"lateness", measure_lateness},
    {"writes", measure_writes},
    {"reconcile", measure_reconcile},
    {"cron", measure_cron},
    {"store-puts", measure_store_puts},
    {"store-counts", measure_store_counts},
    {"store-jobs", measure_store_jobs},
    {"store-device", measure_store_device},
    {"store-reconcile", measure_store_reconcile},
    {"store-recovery", measure_store_recovery},
    {"store-memory", measure_store_memory},
};

const char* present_group = "";

struct Arguments {
  Options options{.folder = "/var/tmp"};  // /tmp may lie in memory
  std::optional<std::string> only;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--quick") == 0) {
      arguments.options.quick = true;
    } else if (std::strcmp(argv[i], "--only") == 0 && has_value) {
      arguments.only = argv[++i];
    } else if (std::strcmp(argv[i], "--dir") == 0 && has_value) {
      arguments.options.folder = argv[++i];
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

/// "store" stands for "store-puts" and all the others that begin so.
bool is_chosen(const std::string& name, const std::string& only) {
  return name == only || name.starts_with(only + "-");
}

int usage() {
  std::fputs("usage: bench_dormouse [--quick] [--only GROUP] [--dir FOLDER]\ngroups:", stderr);
  for (const auto& group : groups) std::fprintf(stderr, " %s", group.name);
  std::fputs("\n", stderr);
  return 2;
}

int run(const Arguments& arguments) {
  std::printf("%s%s\n\n| figure | measured | `tools/dev bench` with |\n|---|---|---|\n",
              machine_line(arguments.options.folder).c_str(), arguments.options.quick ? ", quick" : "");
  bool any = false;
  bool failed = false;
  for (const auto& group : groups) {
    if (arguments.only && !is_chosen(group.name, *arguments.only)) continue;
    any = true;
    present_group = group.name;
    if (const auto measured = group.measure(arguments.options); !measured) {
      failed = true;
      std::fprintf(stderr, "%s: %s: %s\n", group.name, measured.error().code.c_str(),
                   measured.error().message.c_str());
    }
  }
  if (!any) return usage();
  return failed ? 1 : 0;
}

}  // namespace

void figure(const std::string& what, const std::string& value) {
  std::printf("| %s | %s | `--only %s` |\n", what.c_str(), value.c_str(), present_group);
  std::fflush(stdout);
}

void goal(const std::string& what, double measured, Bound bound, double limit, int decimals) {
  const bool met = bound == Bound::at_most ? measured <= limit : measured >= limit;
  figure(what, number(measured, decimals) + (bound == Bound::at_most ? ", at most " : ", at least ") +
                   number(limit, decimals) + (met ? ": met" : ": short of it"));
}

std::string number(double value, int decimals) {
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.*f", decimals, value);
  std::string text = digits;
  const auto point = text.find('.');
  for (auto at = static_cast<std::ptrdiff_t>(point == std::string::npos ? text.size() : point) - 3; at > 0;
       at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string mebibytes(std::uint64_t bytes) {
  return number(static_cast<double>(bytes) / (1024.0 * 1024.0), 2) + " MiB";
}

}  // namespace dormouse::bench

int main(int argc, char** argv) {
  const auto arguments = dormouse::bench::parse(argc, argv);
  return arguments ? dormouse::bench::run(*arguments) : dormouse::bench::usage();
}
