// Encoding, and the index over the vocabulary that makes it fast.
#include "text/tokenizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/characters.h"

namespace paligemma {

namespace {

constexpr std::string_view SPACE_SYMBOL = "\xE2\x96\x81";  // U+2581
constexpr size_t MAX_TEXT = size_t{1} << 28;  // keeps positions in 32 bits after escaping
constexpr size_t MAX_BUCKET = 64;
// Each is looked for at each place of a text.
constexpr size_t MAX_USER_DEFINED = 1024;

Error format_error(std::string name, std::string found, std::string expected) {
    return mismatch(ErrorCode::TokenizerFormat, std::move(name), std::move(found),
                    std::move(expected));
}

std::string piece_name(size_t id) {
    return "token " + std::to_string(id);
}

// The value of "<0xAB>", upper case as sentencepiece writes it; -1 for anything else.
int byte_value(std::string_view piece) {
    constexpr std::string_view DIGITS = "0123456789ABCDEF";
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
    const size_t high = DIGITS.find(piece[3]), low = DIGITS.find(piece[4]);
    return high == DIGITS.npos || low == DIGITS.npos ? -1 : static_cast<int>(high * 16 + low);
}

// Finds the longest user-defined piece at the beginning of a text (sentencepiece: normalizer.cc,
// PrefixMatcher).
class PrefixMatcher {
  public:
    struct Match {
        size_t size = 0;  // bytes; 0: none
        int32_t id = -1;
    };

    // `piece` as it is in an escaped text.
    void add(std::string piece, int32_t id) { pieces_.push_back({std::move(piece), id}); }
    void finish() { std::sort(pieces_.begin(), pieces_.end()); }
    bool empty() const { return pieces_.empty(); }

    Match match(std::string_view text) const {
        Match longest;
        auto begin = pieces_.begin(), end = pieces_.end();  // those that agree with text[0, n)
        for (size_t n = 0; n < text.size(); n++) {
            const auto c = static_cast<uint8_t>(text[n]);  // as std::sort compares
            begin = std::partition_point(begin, end, [&](const auto& p) {
                return p.first.size() <= n || static_cast<uint8_t>(p.first[n]) < c;
            });
            end = std::partition_point(
                begin, end, [&](const auto& p) { return static_cast<uint8_t>(p.first[n]) == c; });
            if (begin == end) break;
            if (begin->first.size() == n + 1) longest = {n + 1, begin->second};
        }
        return longest;
    }

  private:
    std::vector<std::pair<std::string, int32_t>> pieces_;
};

// Space -> U+2581, each byte of no character -> U+FFFD (normalizer.cc NormalizePrefix with an empty
// rule set).
std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 2);
    while (!text.empty()) {
        const Utf8Step step = utf8_step(text);
        if (step.kind != Utf8Step::Whole) {
            out += UTF8_REPLACEMENT;
            text.remove_prefix(1);
        } else {
            const std::string_view c = text.substr(0, step.length);
            out += c == " " ? SPACE_SYMBOL : c;
            text.remove_prefix(step.length);
        }
    }
    return out;
}

// A stretch of the escaped text: a token, or text (id -1).
struct Segment {
    size_t begin, end;
    int32_t id;
};

// A stretch of the text that is one symbol so far.
struct Symbol {
    int32_t prev, next;   // -1 at the ends
    int32_t begin, size;  // size 0: merged into another
    int32_t id;           // of a token that merging leaves alone; -1: text
};

struct Merge {
    float score;
    int32_t left, right;
    int32_t size;  // of both together when this merge was found; another size now means that it is
                   // stale
};

struct LowerPriority {  // bpe_model.cc SymbolPairComparator: best score first, then leftmost
    bool operator()(const Merge& a, const Merge& b) const {
        return a.score < b.score || (a.score == b.score && a.left > b.left);
    }
};

}  // namespace

struct Tokenizer::Impl {
    class Encoding;

    Vocabulary vocabulary;
    std::unordered_map<std::string_view, int32_t> matchable;  // views into vocabulary.pieces
    size_t longest = 0;                  // bytes of the longest matchable piece
    std::vector<uint32_t> flags;         // of AddedToken, by id; empty when there is none
    PrefixMatcher first, second, third;  // user-defined pieces by the pass that finds them
    std::array<int32_t, 256> byte_ids{};
    bool has_bytes = false;

    explicit Impl(Vocabulary v) : vocabulary(std::move(v)) {
        check_lengths();
        check_special_ids();
        index_added();
        index_pieces();
    }

    void check_lengths() const {
        const size_t n = vocabulary.pieces.size();
        if (n == 0 || n > INT32_MAX)
            throw format_error("the vocabulary", "of " + std::to_string(n) + " tokens",
                               "1 to 2^31 - 1");
        if (vocabulary.scores.size() != n)
            throw format_error("the list of token scores",
                               std::to_string(vocabulary.scores.size()) + " long",
                               std::to_string(n) + ", one per token");
        if (vocabulary.types.size() != n)
            throw format_error("the list of token types",
                               std::to_string(vocabulary.types.size()) + " long",
                               std::to_string(n) + ", one per token");
    }

    void check_special_ids() const {
        const std::pair<const char*, int32_t> ids[] = {{"bos token", vocabulary.bos},
                                                       {"eos token", vocabulary.eos},
                                                       {"unknown token", vocabulary.unk},
                                                       {"padding token", vocabulary.pad}};
        for (size_t i = 0; i < std::size(ids); i++) {
            const auto& [name, id] = ids[i];
            if (id < 0 || static_cast<size_t>(id) >= vocabulary.pieces.size())
                throw format_error(
                    name, std::to_string(id),
                    "an id from 0 to " + std::to_string(vocabulary.pieces.size() - 1));
            for (size_t j = 0; j < i; j++)
                if (ids[j].second == id)
                    throw format_error(name, "the same as the " + std::string(ids[j].first),
                                       "an id of its own");
        }
    }

    void index_added() {
        if (vocabulary.added.empty()) return;
        flags.assign(vocabulary.pieces.size(), 0);
        std::vector<bool> seen(flags.size());
        for (const AddedToken& token : vocabulary.added) {
            const auto id = static_cast<size_t>(token.id);
            if (token.id < 0 || id >= flags.size())
                throw format_error("the added token " + std::to_string(token.id), "out of range",
                                   "an id from 0 to " + std::to_string(flags.size() - 1));
            if (seen[id]) throw format_error(piece_name(id), "added twice", "each token once");
            if (vocabulary.types[id] != TokenType::UserDefined)
                throw format_error(piece_name(id), "an added token of another type",
                                   "a user-defined one");
            seen[id] = true;
            flags[id] = token.flags;
        }
    }

    uint32_t flags_of(int32_t id) const {
        return flags.empty() ? 0 : flags[static_cast<size_t>(id)];
    }

    void index_pieces() {
        matchable.reserve(vocabulary.pieces.size());
        byte_ids.fill(-1);
        size_t n_bytes = 0;
        for (size_t i = 0; i < vocabulary.pieces.size(); i++) {
            const std::string_view piece = vocabulary.pieces[i];
            if (piece.empty()) throw format_error(piece_name(i), "empty", "a text");
            if (!utf8_valid(piece)) throw format_error(piece_name(i), "not UTF-8", "valid UTF-8");
            // The order of merges would be undefined with NaN.
            if (!std::isfinite(vocabulary.scores[i]))
                throw format_error(piece_name(i),
                                   "of score " + std::to_string(vocabulary.scores[i]),
                                   "a finite score");
            const auto id = static_cast<int32_t>(i);
            switch (vocabulary.types[i]) {
                case TokenType::Unknown:
                case TokenType::Control:
                    break;
                case TokenType::Byte: {
                    const int byte = byte_value(piece);
                    if (byte < 0)
                        throw format_error(piece_name(i), "byte piece " + vocabulary.pieces[i],
                                           "<0x00> to <0xFF>");
                    if (byte_ids[static_cast<size_t>(byte)] >= 0)
                        throw format_error(piece_name(i), "a second " + vocabulary.pieces[i],
                                           "each byte once");
                    byte_ids[static_cast<size_t>(byte)] = id;
                    n_bytes++;
                    break;
                }
                // Merging finds unused pieces too and splits them afterwards; see Encoding.
                case TokenType::Normal:
                case TokenType::UserDefined:
                case TokenType::Unused: {
                    // Ordinary texts share a bucket with a handful; a file made of collisions would
                    // take hours.
                    if (matchable.bucket_size(matchable.bucket(piece)) > MAX_BUCKET)
                        throw format_error("the vocabulary", "made of colliding texts",
                                           "ordinary texts");
                    const auto [it, is_new] = matchable.emplace(piece, id);
                    if (!is_new)
                        throw format_error(piece_name(i),
                                           "the same text as token " + std::to_string(it->second),
                                           "each text once");
                    longest = std::max(longest, piece.size());
                    if (vocabulary.types[i] != TokenType::UserDefined) break;
                    if (piece.size() > MAX_USER_DEFINED)
                        throw format_error(
                            piece_name(i),
                            "a user-defined one of " + std::to_string(piece.size()) + " bytes",
                            "at most " + std::to_string(MAX_USER_DEFINED));
                    pass_of(id).add(escape(piece), id);
                    break;
                }
                default:
                    throw format_error(
                        piece_name(i),
                        "of type " + std::to_string(static_cast<int32_t>(vocabulary.types[i])),
                        "a type from 1 to 6");
            }
        }
        has_bytes = n_bytes != 0;
        if (has_bytes) check_bytes();
        first.finish();
        second.finish();
        third.finish();
    }

    // Hugging Face's conversion puts "\t" in the place of <0x09> (transformers,
    // GemmaConverter.vocab): a byte that is a piece itself never falls back. A token outside of the
    // model is no such piece: where it may not be matched, the byte would have no id.
    void check_bytes() const {
        for (size_t b = 0; b < 256; b++) {
            if (byte_ids[b] >= 0) continue;
            const auto c = static_cast<char>(b);
            const int32_t id = b < 0x80 ? find(std::string_view(&c, 1)) : -1;
            if (id < 0 || is_unused(id))
                throw format_error("the byte piece of " + std::to_string(b), "missing",
                                   "a piece for each byte, or none at all");
        }
    }

    int32_t find(std::string_view piece) const {
        if (piece.size() > longest) return -1;
        const auto it = matchable.find(piece);
        if (it == matchable.end() || flags_of(it->second) & AddedToken::Outside) return -1;
        return it->second;
    }

    // Cuts segments [from, …) of `all` at the tokens of `matcher` and appends what comes out
    // (tokenizers, AddedVocabulary::find_matches). White space in front of a token may have been
    // taken by the one before it; what follows that one is then text again, as there.
    void split(std::string_view all, const Segment& segment, const PrefixMatcher& matcher,
               bool is_escaped, std::vector<Segment>& out) const {
        size_t done = segment.begin, spaces_end = segment.begin;
        for (size_t at = segment.begin; at < segment.end;) {
            const auto found = matcher.match(all.substr(at, segment.end - at));
            if (found.size == 0) {
                at += utf8_step(all.substr(at)).length;
                continue;
            }
            size_t begin = at, end = at + found.size;
            at = end;
            const uint32_t how = flags_of(found.id);
            const std::string_view before = all.substr(segment.begin, begin - segment.begin);
            const std::string_view after = all.substr(end, segment.end - end);
            if (how & AddedToken::SingleWord && (ends_with_word(before) || begins_with_word(after)))
                continue;
            // Each run of white space is scanned once, whatever tokens are in it.
            if (how & AddedToken::LStrip && done < begin)
                begin -= trailing_space(all.substr(done, begin - done), is_escaped);
            if (how & AddedToken::LStrip) begin = std::min(std::max(begin, done), end);
            if (how & AddedToken::RStrip) {
                if (end >= spaces_end) spaces_end = end + leading_space(after, is_escaped);
                end = spaces_end;
            }
            if (done < begin) out.push_back({done, begin, -1});
            out.push_back({begin, end, found.id});
            done = end;
        }
        if (done != segment.end) out.push_back({done, segment.end, -1});
    }

    // SentencePiece looks for all user-defined pieces at once. With added tokens it is as in
    // tokenizers: those that are looked for in the text as it is, those in its normalized rest, and
    // what only the model knows, pieces made of the escaped space.
    PrefixMatcher& pass_of(int32_t id) {
        if (flags_of(id) & AddedToken::Normalized) return second;
        const bool has_space =
            vocabulary.pieces[static_cast<size_t>(id)].find(SPACE_SYMBOL) != std::string::npos;
        return flags.empty() || !has_space ? first : third;
    }

    // In the first pass a space of the text is white space although it is escaped already.
    std::vector<Segment> segments(std::string_view all) const {
        std::vector<Segment> cut;
        split(all, {0, all.size(), -1}, first, true, cut);
        for (const PrefixMatcher* matcher : {&second, &third}) {
            if (matcher->empty()) continue;
            std::vector<Segment> finer;
            for (const Segment& s : cut) {
                if (s.id >= 0)
                    finer.push_back(s);
                else
                    split(all, s, *matcher, false, finer);
            }
            cut = std::move(finer);
        }
        return cut;
    }

    bool is_unused(int32_t id) const {
        return vocabulary.types[static_cast<size_t>(id)] == TokenType::Unused;
    }
};

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : impl_(std::make_unique<Impl>(std::move(vocabulary))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

const Vocabulary& Tokenizer::vocabulary() const {
    return impl_->vocabulary;
}
int32_t Tokenizer::size() const {
    return static_cast<int32_t>(impl_->vocabulary.pieces.size());
}

// Encodes one text: symbols that are merged pairwise, the highest score first
// (SentencePiece's BPE).
class Tokenizer::Impl::Encoding {
  public:
    // Both must outlive this; `escaped` is what escape() returns.
    Encoding(const Impl& impl, std::string_view escaped) : impl_(impl), all_(escaped) {
        for (const Segment& segment : impl.segments(all_)) {
            if (segment.id >= 0) add(segment.begin, segment.end - segment.begin, segment.id);
            for (size_t at = segment.begin; segment.id < 0 && at < segment.end;) {
                const size_t size = utf8_step(all_.substr(at)).length;
                add(at, size, -1);
                at += size;
            }
        }
        if (!symbols_.empty()) symbols_.back().next = -1;
    }

    std::vector<int32_t> ids() {
        merge_all();
        for (int32_t i = symbols_.empty() ? -1 : 0; i >= 0; i = symbol(i).next) {
            if (symbol(i).id >= 0) {
                ids_.push_back(symbol(i).id);
                after_unknown_ = false;
            } else {
                append_pieces(text_of(symbol(i)));
            }
        }
        return std::move(ids_);
    }

  private:
    Symbol& symbol(int32_t i) { return symbols_[static_cast<size_t>(i)]; }
    std::string_view text_of(const Symbol& s) const {
        return all_.substr(static_cast<size_t>(s.begin), static_cast<size_t>(s.size));
    }
    void add(size_t begin, size_t size, int32_t id) {
        const auto index = static_cast<int32_t>(symbols_.size());
        symbols_.push_back(
            {index - 1, index + 1, static_cast<int32_t>(begin), static_cast<int32_t>(size), id});
    }

    // Queues the merge of two neighbours, if their text is a piece.
    void consider(int32_t left, int32_t right) {
        if (left < 0 || right < 0 || symbol(left).id >= 0 || symbol(right).id >= 0) return;
        const int32_t size = symbol(left).size + symbol(right).size;
        const int32_t id = impl_.find(
            all_.substr(static_cast<size_t>(symbol(left).begin), static_cast<size_t>(size)));
        if (id < 0) return;
        queue_.push({impl_.vocabulary.scores[static_cast<size_t>(id)], left, right, size});
        if (impl_.is_unused(id))
            unused_parts_[id] = {text_of(symbol(left)), text_of(symbol(right))};
    }

    void merge_all() {
        for (size_t i = 1; i < symbols_.size(); i++)
            consider(static_cast<int32_t>(i) - 1, static_cast<int32_t>(i));
        while (!queue_.empty()) {
            const Merge merge = queue_.top();
            queue_.pop();
            Symbol& left = symbol(merge.left);
            Symbol& right = symbol(merge.right);
            if (left.size == 0 || right.size == 0 || left.size + right.size != merge.size) continue;
            left.size = merge.size;
            right.size = 0;
            left.next = right.next;
            if (left.next >= 0) symbol(left.next).prev = merge.left;
            consider(left.prev, merge.left);
            consider(merge.left, left.next);
        }
    }

    // Appends the ids of a merged text; unused pieces are split where they were last joined.
    void append_pieces(std::string_view text) {
        pending_.push_back(text);
        while (!pending_.empty()) {
            const std::string_view piece = pending_.back();
            pending_.pop_back();
            int32_t id = impl_.find(piece);
            if (id >= 0 && impl_.is_unused(id)) {
                if (const auto it = unused_parts_.find(id); it != unused_parts_.end()) {
                    pending_.push_back(it->second.second);
                    pending_.push_back(it->second.first);
                    continue;
                }
                id = -1;  // a single character: as if it were no piece
            }
            append(id, piece);
        }
    }

    // `id`: that of `piece`, or -1 when it is unknown.
    void append(int32_t id, std::string_view piece) {
        if (id >= 0) {
            ids_.push_back(id);
        } else if (impl_.has_bytes) {
            for (char c : piece) ids_.push_back(impl_.byte_ids[static_cast<uint8_t>(c)]);
        } else if (!after_unknown_) {
            // A run of unknown text is one token, as in sentencepiece_processor.cc.
            ids_.push_back(impl_.vocabulary.unk);
        }
        after_unknown_ = id < 0 && !impl_.has_bytes;
    }

    const Impl& impl_;
    std::string_view all_;
    std::vector<Symbol> symbols_;
    std::priority_queue<Merge, std::vector<Merge>, LowerPriority> queue_;
    // Where the text of an unused piece was last joined.
    std::unordered_map<int32_t, std::pair<std::string_view, std::string_view>> unused_parts_;
    // A stack, the leftmost part on top; empty between pieces. A member, so that a piece allocates
    // nothing.
    std::vector<std::string_view> pending_;
    std::vector<int32_t> ids_;
    bool after_unknown_ = false;
};

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
    if (text.size() > MAX_TEXT)
        throw mismatch(ErrorCode::PromptTooLong, "text", std::to_string(text.size()) + " bytes",
                       "at most " + std::to_string(MAX_TEXT) + " bytes");
    const std::string escaped = escape(text);
    return Impl::Encoding(*impl_, escaped).ids();
}

}  // namespace paligemma
