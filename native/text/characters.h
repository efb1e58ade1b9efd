// What tokenizers' added tokens ask of the text around them: word characters and white space, as
// Rust's regex crate has them (\w, \s). Texts are valid UTF-8.
#pragma once
#include <cstddef>
#include <string_view>

namespace paligemma {

bool begins_with_word(std::string_view text);
bool ends_with_word(std::string_view text);

// Bytes of white space at the end and at the beginning. `is_escaped`: U+2581 is a space.
size_t trailing_space(std::string_view text, bool is_escaped);
size_t leading_space(std::string_view text, bool is_escaped);

}  // namespace paligemma
