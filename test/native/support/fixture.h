// Reads the files of test/fixtures: whole files, and the flat JSON lines some of them are made of.
#pragma once
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace paligemma::test {

inline std::string read_fixture(const std::string& name) {
    std::ifstream file(std::string(PALIGEMMA_FIXTURES) + "/" + name, std::ios::binary);
    if (!file) throw std::runtime_error("cannot open test/fixtures/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

// One JSON object whose values are texts, integers, or arrays of either; each value becomes a list.
struct JsonLine {
    std::map<std::string, std::vector<std::string>> texts;
    std::map<std::string, std::vector<int32_t>> ints;

    explicit JsonLine(const std::string& line) : text_(line) {
        expect('{');
        while (peek() != '}') {
            const std::string key = string();
            expect(':');
            texts[key];
            ints[key];
            if (peek() == '[') {
                at_++;
                while (peek() != ']') {
                    value(key);
                    if (peek() == ',') at_++;
                }
                at_++;
            } else {
                value(key);
            }
            if (peek() == ',') at_++;
        }
    }

  private:
    char peek() {
        while (at_ < text_.size() && text_[at_] == ' ') at_++;
        if (at_ == text_.size()) throw std::runtime_error("JSON ends early: " + text_);
        return text_[at_];
    }
    void expect(char c) {
        if (peek() != c)
            throw std::runtime_error("no JSON this reader knows: " + text_.substr(at_));
        at_++;
    }
    void value(const std::string& key) {
        if (peek() == '"') {
            texts[key].push_back(string());
        } else {
            size_t n = 0;
            ints[key].push_back(std::stoi(text_.substr(at_), &n));
            at_ += n;
        }
    }
    std::string string() {
        expect('"');
        std::string out;
        while (text_.at(at_) != '"') {
            if (text_[at_] != '\\') {
                out += text_[at_++];
                continue;
            }
            const char c = text_.at(at_ + 1);
            at_ += 2;
            if (c == 'u') {  // the fixtures escape control characters only
                const int code = std::stoi(text_.substr(at_, 4), nullptr, 16);
                if (code >= 0x80) throw std::runtime_error("an escape above U+007F: " + text_);
                out += static_cast<char>(code);
                at_ += 4;
            } else {
                out += c == 'n'   ? '\n'
                       : c == 't' ? '\t'
                       : c == 'r' ? '\r'
                       : c == 'b' ? '\b'
                       : c == 'f' ? '\f'
                                  : c;
            }
        }
        at_++;
        return out;
    }

    std::string text_;
    size_t at_ = 0;
};

inline std::vector<JsonLine> read_json_lines(const std::string& name) {
    const std::string all = read_fixture(name);
    std::vector<JsonLine> lines;
    for (size_t begin = 0; begin < all.size();) {
        const size_t end = std::min(all.find('\n', begin), all.size());
        const std::string line = all.substr(begin, end - begin);
        lines.emplace_back(line);
        begin = end + 1;
    }
    return lines;
}

}  // namespace paligemma::test
