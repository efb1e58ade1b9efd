// The form of an answer: a regular expression over characters and the loc and seg tokens,
// walked token by token, so that a malformed answer cannot be sampled. Knows no task: the patterns
// come from src/tasks.
//
// Syntax: literals, `.` (any character but a newline), [..] [^..] with ranges, ( ), |, * + ? {m}
// {m,} {m,n}, a backslash before any character to take it literally, \d for [0-9], \n for
// a newline. `<loc>` and `<seg>` are one token each; `\<` is the character. The whole answer has to
// match. Texts of tokens are matched byte by byte, so it does not matter how an answer is cut into
// tokens.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace paligemma {

// The symbols of every token in a pattern. Made once per model, then shared.
class TokenSymbols {
  public:
    // Bytes, then the two kinds of token that are not text.
    static constexpr int LOC = 256, SEG = 257, COUNT = 258;

    // Ids from n_usable on, control and unused pieces match nothing. -1: the vocabulary has no such
    // tokens.
    TokenSymbols(const Vocabulary& vocabulary, int32_t first_loc, int32_t first_seg,
                 int32_t n_usable);

    // Ids of the tokens that begin with a semicolon, after any spaces: they separate instances.
    const std::vector<int32_t>& separators() const { return separators_; }

    // Calls step(symbol) for each symbol of token `id` until it returns false; false also for a
    // token that matches nothing.
    template <typename Step>
    bool walk(int32_t id, Step&& step) const {
        if (id >= first_loc_ && id < first_loc_ + 1024) return step(LOC);
        if (id >= first_seg_ && id < first_seg_ + 128) return step(SEG);
        const uint32_t begin = begins_[id], end = begins_[id + 1];
        if (begin == end) return false;
        for (uint32_t i = begin; i < end; ++i)
            if (!step(bytes_[i])) return false;
        return true;
    }

  private:
    std::vector<uint8_t> bytes_;    // texts of all tokens
    std::vector<uint32_t> begins_;  // where each begins; one more for the end
    std::vector<int32_t> separators_;
    int32_t first_loc_, first_seg_;
};

// One answer on its way through a pattern. Used by one thread at a time.
class Grammar {
  public:
    static constexpr size_t MAX_PATTERN_BYTES = 1 << 20;
    // Two thousand labels of 20 bytes, twice; a new set of them is found in about a millisecond.
    static constexpr size_t MAX_STATES = 100'000;
    // Of sets that were found. With more than this all but those in use are forgotten.
    static constexpr size_t MAX_CACHED_BYTES = 64 << 20;

    // Throws OptionRange for a pattern that is not of the syntax above or too large. `symbols` and
    // `cancel` (null: never) must outlive this object.
    Grammar(const TokenSymbols& symbols, std::string_view pattern,
            const std::atomic<int>* cancel = nullptr);
    Grammar(const Grammar&) = delete;
    Grammar& operator=(const Grammar&) = delete;

    // May token `id` come next? This and accept() throw Aborted when `cancel` is set and the answer
    // is not known already: the texts of a whole vocabulary may lead to a million sets.
    bool allows(int32_t id) { return after(id) != DEAD; }
    // May the answer end here?
    bool may_end() const { return states_[state_].accepts; }
    // Advances by `id`, which must be allowed.
    void accept(int32_t id);

    size_t cached_bytes() const { return cached_bytes_; }

  private:
    // Nodes of the nondeterministic automaton.
    struct Node {
        // Low, high: symbols that lead to `next`; Split: to `next` and `other` without one.
        enum Kind : uint8_t { Range, Split, End } kind;
        uint16_t low = 0, high = 0;
        int32_t next = -1, other = -1;
    };
    // A set of nodes, found when it is first reached.
    struct State {
        const std::vector<int32_t>* nodes;              // in known_
        std::array<int32_t, TokenSymbols::COUNT> next;  // state, DEAD or UNKNOWN
        bool accepts = false;
    };
    static constexpr int32_t DEAD = -1, UNKNOWN = -2;
    class Parser;

    int32_t state_of(std::vector<int32_t> nodes);
    int32_t step(int32_t state, int symbol);
    int32_t after(int32_t id);
    void forget_others(int32_t& at);
    void follow(int32_t node, std::vector<int32_t>& nodes);

    const TokenSymbols& symbols_;
    const std::atomic<int>* cancel_;
    std::vector<Node> nodes_;
    std::vector<uint32_t> marks_;  // per node, when it was last visited
    uint32_t mark_ = 0;
    std::deque<State> states_;
    std::map<std::vector<int32_t>, int32_t> known_;
    size_t cached_bytes_ = 0;
    int32_t state_ = 0;
};

}  // namespace paligemma
