#include "sampling/grammar.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/detokenizer.h"

namespace paligemma {

TokenSymbols::TokenSymbols(const Vocabulary& vocabulary, int32_t first_loc, int32_t first_seg,
                           int32_t n_usable)
    : first_loc_(first_loc < 0 ? n_usable : first_loc),
      first_seg_(first_seg < 0 ? n_usable : first_seg) {
    begins_.reserve(n_usable + 1);
    for (int32_t id = 0; id < n_usable; ++id) {
        begins_.push_back(static_cast<uint32_t>(bytes_.size()));
        const bool is_text = vocabulary.types[static_cast<size_t>(id)] != TokenType::Unused;
        const std::string text = is_text ? token_bytes(vocabulary, id) : std::string();
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        const size_t at = text.find_first_not_of(' ');
        if (at != std::string::npos && text[at] == ';') separators_.push_back(id);
    }
    begins_.push_back(static_cast<uint32_t>(bytes_.size()));
}

// Recursive descent over the pattern; every part becomes a fragment with one entry and one exit.
class Grammar::Parser {
  public:
    Parser(std::vector<Node>& nodes, std::string_view pattern)
        : nodes_(nodes), pattern_(pattern), rest_(pattern) {}

    int32_t parse() {
        if (pattern_.size() > MAX_PATTERN_BYTES)
            fail("has " + std::to_string(pattern_.size()) + " bytes",
                 "at most " + std::to_string(MAX_PATTERN_BYTES));
        if (!utf8_valid(pattern_)) fail("is not UTF-8", "valid text");
        const Fragment all = alternatives(0);
        if (!rest_.empty()) fail_here("a character that is allowed here");
        connect(all, add({.kind = Node::End}));
        return all.entry;
    }

  private:
    // `exits`: nodes whose `next` (or `other`, for ~index) is still open.
    struct Fragment {
        int32_t entry = -1;
        std::vector<int32_t> exits;
    };
    struct CharRange {
        uint32_t low, high;
    };
    static constexpr int MAX_DEPTH = 100;
    static constexpr int MAX_REPEAT = 1000;
    static constexpr uint32_t LAST_CHAR = 0x10FFFF;

    [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
        throw Error(ErrorCode::OptionRange, "pattern " + found + ", expected " + expected,
                    {.name = "pattern", .found = found, .expected = expected, .hint = ""});
    }
    [[noreturn]] void fail_here(const std::string& expected) const {
        const size_t at = pattern_.size() - rest_.size();
        const std::string found =
            rest_.empty() ? "ends" : "has \"" + std::string(rest_.substr(0, char_length())) + "\"";
        fail(found + " at byte " + std::to_string(at), expected);
    }
    size_t char_length() const { return utf8_step(rest_).length; }
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    int32_t add(Node node) {
        if (nodes_.size() >= MAX_STATES)
            fail("has more than " + std::to_string(MAX_STATES) + " places", "a smaller one");
        nodes_.push_back(node);
        return static_cast<int32_t>(nodes_.size() - 1);
    }
    void connect(const Fragment& from, int32_t to) {
        for (int32_t exit : from.exits) (exit >= 0 ? nodes_[exit].next : nodes_[~exit].other) = to;
    }
    // The empty fragment.
    Fragment empty() {
        const int32_t node = add({.kind = Node::Split});
        return {node, {node}};
    }
    Fragment symbols(int low, int high) {
        const int32_t node = add({.kind = Node::Range,
                                  .low = static_cast<uint16_t>(low),
                                  .high = static_cast<uint16_t>(high)});
        return {node, {node}};
    }
    Fragment then(Fragment first, Fragment second) {
        connect(first, second.entry);
        return {first.entry, std::move(second.exits)};
    }
    Fragment either(Fragment a, Fragment b) {
        const int32_t node = add({.kind = Node::Split, .next = a.entry, .other = b.entry});
        a.exits.insert(a.exits.end(), b.exits.begin(), b.exits.end());
        return {node, std::move(a.exits)};
    }
    Fragment optional(Fragment a) {
        const int32_t node = add({.kind = Node::Split, .next = a.entry});
        a.exits.push_back(~node);
        return {node, std::move(a.exits)};
    }
    Fragment star(Fragment a) {
        const int32_t node = add({.kind = Node::Split, .next = a.entry});
        connect(a, node);
        return {node, {~node}};
    }

    Fragment alternatives(int depth) {
        if (depth > MAX_DEPTH) fail_here("at most 100 groups inside each other");
        std::vector<Fragment> parts{sequence(depth)};
        while (take("|")) parts.push_back(sequence(depth));
        // As a balanced tree, so that a thousand labels do not make a chain of a thousand splits.
        while (parts.size() > 1) {
            std::vector<Fragment> halves;
            for (size_t i = 0; i + 1 < parts.size(); i += 2)
                halves.push_back(either(std::move(parts[i]), std::move(parts[i + 1])));
            if (parts.size() % 2 == 1) halves.push_back(std::move(parts.back()));
            parts = std::move(halves);
        }
        return std::move(parts.front());
    }

    Fragment sequence(int depth) {
        Fragment all = empty();
        while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')')
            all = then(std::move(all), repeated(depth));
        return all;
    }

    Fragment repeated(int depth) {
        const auto begin = static_cast<int32_t>(nodes_.size());
        Fragment part = atom(depth);
        const auto end = static_cast<int32_t>(nodes_.size());
        int low = 1, high = 1;
        bool is_open = false;
        if (take("*")) {
            low = 0, is_open = true;
        } else if (take("+")) {
            is_open = true;
        } else if (take("?")) {
            low = 0;
        } else if (take("{")) {
            low = high = count();
            if (take(",")) {
                is_open = !rest_.empty() && rest_[0] == '}';
                high = is_open ? low : count();
            }
            if (!take("}")) fail_here("\"}\"");
            if (high < low) fail_here("a count that is not below the first");
            if (high == 0 && !is_open) fail_here("a count above 0");
        }
        if (!rest_.empty() && std::string_view("*+?{").find(rest_[0]) != std::string_view::npos)
            fail_here("no second repetition");
        // low times, then either without limit or up to high - low times. All copies are made while
        // the first is not yet joined to anything.
        const int n_parts = is_open ? low + 1 : high;
        std::vector<Fragment> parts{std::move(part)};
        for (int i = 1; i < n_parts; ++i) parts.push_back(copy(parts[0], begin, end));
        Fragment all;
        for (int i = 0; i < n_parts; ++i) {
            Fragment next = std::move(parts[i]);
            if (i >= low) next = is_open ? star(std::move(next)) : optional(std::move(next));
            all = i == 0 ? std::move(next) : then(std::move(all), std::move(next));
        }
        return all;
    }

    // A copy of `part`, which consists of the nodes from `begin` to `end` and leads to no others.
    Fragment copy(const Fragment& part, int32_t begin, int32_t end) {
        const int32_t shift = static_cast<int32_t>(nodes_.size()) - begin;
        auto shifted = [&](int32_t node) { return node < 0 ? node : node + shift; };
        for (int32_t i = begin; i < end; ++i) {
            Node node = nodes_[i];
            node.next = shifted(node.next);
            node.other = shifted(node.other);
            add(node);
        }
        Fragment result{part.entry + shift, part.exits};
        for (int32_t& exit : result.exits) exit = exit >= 0 ? exit + shift : ~(~exit + shift);
        return result;
    }

    int count() {
        int value = 0;
        const size_t before = rest_.size();
        while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
            value = value * 10 + (rest_[0] - '0');
            if (value > MAX_REPEAT) fail_here("at most 1000 repetitions");
            rest_.remove_prefix(1);
        }
        if (rest_.size() == before) fail_here("a number");
        return value;
    }

    Fragment atom(int depth) {
        if (take("(")) {
            Fragment group = alternatives(depth + 1);
            if (!take(")")) fail_here("\")\"");
            return group;
        }
        if (take("<loc>")) return symbols(TokenSymbols::LOC, TokenSymbols::LOC);
        if (take("<seg>")) return symbols(TokenSymbols::SEG, TokenSymbols::SEG);
        if (take(".")) return chars({{0, '\n' - 1}, {'\n' + 1, LAST_CHAR}});
        if (take("[")) return char_class();
        if (rest_.empty() || std::string_view("<>*+?{}]").find(rest_[0]) != std::string_view::npos)
            fail_here("a character, or a backslash before one of <>*+?{}]");
        if (rest_[0] == '\\') return chars({escape()});
        const uint32_t c = character();
        return chars({{c, c}});
    }

    CharRange escape() {
        rest_.remove_prefix(1);
        if (take("d")) return {'0', '9'};
        if (take("n")) return {'\n', '\n'};
        if (rest_.empty() || (std::isalnum(static_cast<unsigned char>(rest_[0])) != 0))
            fail_here("d, n or a punctuation mark after the backslash");
        const uint32_t c = character();
        return {c, c};
    }

    // A character of a class, as it is or escaped, or \d.
    CharRange class_item() {
        if (rest_[0] == '\\') return escape();
        const uint32_t c = character();
        return {c, c};
    }

    Fragment char_class() {
        const bool is_negated = take("^");
        std::vector<CharRange> ranges;
        while (!take("]")) {
            if (rest_.empty()) fail_here("\"]\"");
            CharRange range = class_item();
            const bool is_one = range.low == range.high;
            if (is_one && rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
                rest_.remove_prefix(1);
                const CharRange last = class_item();
                if (last.low != last.high) fail_here("a range that ends with one character");
                if (last.low < range.low) fail_here("a range that does not go backwards");
                range.high = last.low;
            }
            ranges.push_back(range);
        }
        std::sort(ranges.begin(), ranges.end(),
                  [](const CharRange& a, const CharRange& b) { return a.low < b.low; });
        std::vector<CharRange> merged;
        for (const CharRange& r : ranges) {
            if (!merged.empty() && r.low <= merged.back().high + 1)
                merged.back().high = std::max(merged.back().high, r.high);
            else
                merged.push_back(r);
        }
        if (is_negated) {
            std::vector<CharRange> others;
            uint32_t from = 0;
            for (const CharRange& r : merged) {
                if (r.low > from) others.push_back({from, r.low - 1});
                from = r.high + 1;
            }
            if (from <= LAST_CHAR) others.push_back({from, LAST_CHAR});
            merged = std::move(others);
        }
        if (merged.empty()) fail_here("a class of at least one character");
        return chars(merged);
    }

    uint32_t character() {
        const size_t n = char_length();
        const auto byte = [&](size_t i) { return static_cast<uint8_t>(rest_[i]); };
        uint32_t c = byte(0);
        if (n > 1) {
            c &= 0x7Fu >> n;
            for (size_t i = 1; i < n; ++i) c = c << 6 | (byte(i) & 0x3Fu);
        }
        rest_.remove_prefix(n);
        return c;
    }

    // Any one of these characters, in UTF-8.
    Fragment chars(const std::vector<CharRange>& ranges) {
        Fragment all;
        auto append = [&](Fragment part) {
            all = all.entry < 0 ? std::move(part) : either(std::move(all), std::move(part));
        };
        // Characters of one length at a time, without the surrogates, which UTF-8 does not encode.
        constexpr CharRange LENGTHS[] = {
            {0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, LAST_CHAR}};
        for (const CharRange& range : ranges) {
            for (const CharRange& limit : LENGTHS) {
                const uint32_t low = std::max(range.low, limit.low);
                const uint32_t high = std::min(range.high, limit.high);
                if (low > high) continue;
                const int n_tail = low < 0x80 ? 0 : low < 0x800 ? 1 : low < 0x10000 ? 2 : 3;
                byte_ranges(low, high, n_tail, append);
            }
        }
        if (all.entry < 0) fail_here("a character that UTF-8 can encode");
        return all;
    }

    // Cuts [low, high] until all its continuation bytes are independent ranges.
    template <typename Append>
    void byte_ranges(uint32_t low, uint32_t high, int n_tail, Append& append) {
        for (int i = n_tail; i > 0; --i) {
            const uint32_t mask = (1u << (6 * i)) - 1;
            if ((low & ~mask) == (high & ~mask)) continue;
            if ((low & mask) != 0) {
                byte_ranges(low, low | mask, n_tail, append);
                byte_ranges((low | mask) + 1, high, n_tail, append);
                return;
            }
            if ((high & mask) != mask) {
                byte_ranges(low, (high & ~mask) - 1, n_tail, append);
                byte_ranges(high & ~mask, high, n_tail, append);
                return;
            }
        }
        constexpr uint32_t LEADS[] = {0, 0xC0, 0xE0, 0xF0};
        Fragment all = symbols(static_cast<int>(LEADS[n_tail] | low >> (6 * n_tail)),
                               static_cast<int>(LEADS[n_tail] | high >> (6 * n_tail)));
        for (int i = n_tail - 1; i >= 0; --i) {
            all = then(std::move(all), symbols(static_cast<int>(0x80 | (low >> (6 * i) & 0x3F)),
                                               static_cast<int>(0x80 | (high >> (6 * i) & 0x3F))));
        }
        append(std::move(all));
    }

    std::vector<Node>& nodes_;
    std::string_view pattern_, rest_;
};

Grammar::Grammar(const TokenSymbols& symbols, std::string_view pattern,
                 const std::atomic<int>* cancel)
    : symbols_(symbols), cancel_(cancel) {
    const int32_t entry = Parser(nodes_, pattern).parse();
    marks_.resize(nodes_.size());
    ++mark_;
    std::vector<int32_t> nodes;
    follow(entry, nodes);
    state_ = state_of(std::move(nodes));
}

void Grammar::accept(int32_t id) {
    const int32_t state = after(id);
    if (state == DEAD) throw Error(ErrorCode::EngineInternal, "a token left the pattern", {});
    state_ = state;
}

// The state after token `id`.
int32_t Grammar::after(int32_t id) {
    int32_t at = state_;
    const bool is_alive = symbols_.walk(id, [&](int symbol) {
        at = step(at, symbol);
        if (at != DEAD && cached_bytes_ > MAX_CACHED_BYTES) forget_others(at);
        return at != DEAD;
    });
    return is_alive ? at : DEAD;
}

// Keeps the current state and `at`, whose indices change.
void Grammar::forget_others(int32_t& at) {
    std::vector<int32_t> current = *states_[state_].nodes, other = *states_[at].nodes;
    states_.clear();
    known_.clear();
    cached_bytes_ = 0;
    state_ = state_of(std::move(current));
    at = state_of(std::move(other));
}

// The nodes that `node` leads to without a symbol. Iterative: chains are as long as the pattern.
void Grammar::follow(int32_t node, std::vector<int32_t>& nodes) {
    std::vector<int32_t> open{node};
    while (!open.empty()) {
        const int32_t at = open.back();
        open.pop_back();
        if (at < 0 || marks_[at] == mark_) continue;
        marks_[at] = mark_;
        if (nodes_[at].kind == Node::Split) {
            open.push_back(nodes_[at].next);
            open.push_back(nodes_[at].other);
        } else {
            nodes.push_back(at);
        }
    }
}

int32_t Grammar::state_of(std::vector<int32_t> nodes) {
    if (nodes.empty()) return DEAD;
    std::sort(nodes.begin(), nodes.end());
    nodes.shrink_to_fit();
    const auto [it, is_new] =
        known_.emplace(std::move(nodes), static_cast<int32_t>(states_.size()));
    if (!is_new) return it->second;
    State& state = states_.emplace_back();
    state.nodes = &it->first;
    state.next.fill(UNKNOWN);
    state.accepts = std::any_of(it->first.begin(), it->first.end(),
                                [&](int32_t n) { return nodes_[n].kind == Node::End; });
    constexpr size_t MAP_NODE_BYTES = 80;  // its links and key; about
    cached_bytes_ += sizeof(State) + it->first.size() * sizeof(int32_t) + MAP_NODE_BYTES;
    return it->second;
}

int32_t Grammar::step(int32_t state, int symbol) {
    const int32_t known = states_[state].next[symbol];
    if (known != UNKNOWN) return known;
    if (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed) != 0)
        throw Error(ErrorCode::Aborted, "the request was aborted", {});
    ++mark_;
    std::vector<int32_t> nodes;
    for (int32_t n : *states_[state].nodes) {
        const Node& node = nodes_[n];
        if (node.kind == Node::Range && symbol >= node.low && symbol <= node.high)
            follow(node.next, nodes);
    }
    const int32_t next = state_of(std::move(nodes));
    states_[state].next[symbol] = next;
    return next;
}

}  // namespace paligemma
