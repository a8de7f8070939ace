// SPDX-License-Identifier: Apache-2.0
// Who may include whom: the arrows between the layers and the rooms of runtime/, and which library lives where.
// The same arrows as the link dependencies in CMake, told in words before the linker tells them in symbols.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dormouse::style {

/// What an `#include` line names, with its quotes or angle brackets; none if the line is no such line.
std::optional<std::string> included_by(std::string_view line);

/// Why the file at `path` may not include `what` (as told by included_by); none: it may.
std::optional<std::string> offence(std::string_view path, std::string_view what);

}  // namespace dormouse::style
