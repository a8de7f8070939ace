// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/device_talk.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "hal/board_facts.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

using wire::Key;
using wire::Record;

Result<client::Client> connect(const Globals& globals) {
  return client::Client::connect(globals.socket.empty() ? hal::BoardFacts{}.socket_path : globals.socket);
}

int ask(const Globals& globals, wire::Message type, const Record& body,
        const std::function<void(const Record&)>& show) {
  auto client = connect(globals);
  if (!client) return fail(client.error(), globals.json);
  const auto reply = client->request(type, body);
  if (!reply) return fail(reply.error(), globals.json);
  if (globals.json) {
    print(to_json(*reply));
  } else {
    show(*reply);
  }
  return well;
}

Result<std::vector<Record>> all_items(client::Client& client, wire::Message type, Record body,
                                      std::optional<std::uint64_t> limit) {
  constexpr std::uint64_t page = 64;  // an array of a body holds no more
  std::vector<Record> items;
  while (!limit || items.size() < *limit) {
    body.put_uint(Key::limit, limit ? std::min(page, *limit - items.size()) : page);
    auto reply = client.request(type, body);
    if (!reply) return std::move(reply).error();
    for (auto& item : reply->get_records(Key::items).value_or(std::vector<Record>{}))
      items.push_back(std::move(item));
    const auto cursor = reply->get_uint(Key::cursor);
    if (!cursor) break;
    body.put_uint(Key::cursor, *cursor);
  }
  return items;
}

int ask_list(const Globals& globals, wire::Message type, const Record& body, std::optional<std::uint64_t> limit,
             const std::function<void(const std::vector<Record>&)>& show) {
  auto client = connect(globals);
  if (!client) return fail(client.error(), globals.json);
  const auto items = all_items(*client, type, body, limit);
  if (!items) return fail(items.error(), globals.json);
  if (!globals.json) {
    show(*items);
    return well;
  }
  nlohmann::json list = nlohmann::json::array();
  for (const auto& item : *items) list.push_back(to_json(item));
  print(list);
  return well;
}

}  // namespace dormouse::cli
