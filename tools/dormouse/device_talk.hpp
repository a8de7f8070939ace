// SPDX-License-Identifier: Apache-2.0
// Asking the running device: one connection, one or more requests, the answer shown.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "runtime/wire/record.hpp"
#include "tools/client/client.hpp"
#include "tools/dormouse/command_line.hpp"

namespace dormouse::cli {

/// To the socket that the options, the environment or the board name.
Result<client::Client> connect(const Globals& globals);

/// One request. Its reply is printed as JSON if that is asked for, else handed to `show`. Answers the exit code.
int ask(const Globals& globals, wire::Message type, const wire::Record& body,
        const std::function<void(const wire::Record&)>& show);

/// The items of a list, page after page, at most `limit` of them.
Result<std::vector<wire::Record>> all_items(client::Client& client, wire::Message type, wire::Record body,
                                            std::optional<std::uint64_t> limit);

/// All items of a list, printed as a JSON array or handed to `show`. Answers the exit code.
int ask_list(const Globals& globals, wire::Message type, const wire::Record& body,
             std::optional<std::uint64_t> limit, const std::function<void(const std::vector<wire::Record>&)>& show);

}  // namespace dormouse::cli
