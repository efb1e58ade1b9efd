// The test harness of the native tests: TEST registers a test, CHECK… record failures with file and
// line, test_main() runs what matches the names on the command line. A test ends at the first
// exception, not at the first failed check; one that checks nothing fails, unless it says with
// left_out() why.
#pragma once
#include <atomic>
#include <cstdio>
#include <exception>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace paligemma::test {

struct Test {
    std::string name;
    std::function<void()> run;
};

inline std::vector<Test>& all_tests() {
    static std::vector<Test> tests;
    return tests;
}

inline int& failures() {  // of the test that runs
    static int n = 0;
    return n;
}

inline std::atomic<int>& checks() {  // of the test that runs, in any of its threads
    static std::atomic<int> n = 0;
    return n;
}

// For what this machine or build lacks: the test says so, and need not check anything.
inline void left_out(const char* reason) {
    checks()++;
    std::fprintf(stderr, "left out: %s\n", reason);
}

struct Registration {
    Registration(const char* name, void (*run)()) { all_tests().push_back({name, run}); }
};

inline void fail(const char* file, int line, const std::string& what) {
    failures()++;
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

template <typename T>
std::string show(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return '"' + std::string(std::string_view(value)) + '"';
    } else if constexpr (requires(std::ostringstream& s) { s << value; }) {
        std::ostringstream s;
        s << value;
        return s.str();
    } else if constexpr (requires {
                             value.begin();
                             value.size();
                         }) {
        std::string text = std::to_string(value.size()) + " [";
        size_t n = 0;
        for (const auto& v : value) text += n++ < 20 ? show(v) + " " : std::string();
        return text + (n > 20 ? "...]" : "]");
    } else if constexpr (std::is_enum_v<T>) {
        return show(static_cast<long long>(value));
    } else {
        return "(a value)";
    }
}

template <typename A, typename B>
void check_eq(const char* file, int line, const char* text, const A& found, const B& expected) {
    checks()++;
    if (!(found == expected))
        fail(file, line, std::string(text) + " is " + show(found) + ", expected " + show(expected));
}

template <typename F>
void check_throws(const char* file, int line, const char* text, ErrorCode code, F&& run) {
    checks()++;
    try {
        run();
        fail(file, line, std::string(text) + " did not throw, expected " + to_string(code));
    } catch (const Error& e) {
        if (e.code() != code)
            fail(file, line,
                 std::string(text) + " threw " + to_string(e.code()) + " (" + e.what() +
                     "), expected " + to_string(code));
    }
}

inline int test_main(int argc, char** argv) {
    int n_passed = 0, n_failed = 0;
    for (const Test& test : all_tests()) {
        bool is_wanted = argc < 2;
        for (int i = 1; i < argc; i++) is_wanted |= test.name.find(argv[i]) != std::string::npos;
        if (!is_wanted) continue;
        failures() = 0;
        checks() = 0;
        try {
            test.run();
        } catch (const Error& e) {
            fail(test.name.c_str(), 0,
                 std::string("threw ") + to_string(e.code()) + ": " + e.what());
        } catch (const std::exception& e) {
            fail(test.name.c_str(), 0, std::string("threw: ") + e.what());
        }
        if (checks() + failures() == 0) fail(test.name.c_str(), 0, "checked nothing");
        if (failures() > 0) std::fprintf(stderr, "FAILED: %s\n", test.name.c_str());
        (failures() > 0 ? n_failed : n_passed)++;
    }
    if (n_passed + n_failed == 0) std::fprintf(stderr, "no test has such a name\n");
    std::fprintf(stderr, "%d passed, %d failed\n", n_passed, n_failed);
    return n_failed > 0 || n_passed == 0;
}

}  // namespace paligemma::test

#define PALIGEMMA_JOIN_(a, b) a##b
#define PALIGEMMA_JOIN(a, b) PALIGEMMA_JOIN_(a, b)
#define TEST(name)                                                                        \
    static void PALIGEMMA_JOIN(test_, __LINE__)();                                        \
    static const ::paligemma::test::Registration PALIGEMMA_JOIN(registration_, __LINE__)( \
        name, PALIGEMMA_JOIN(test_, __LINE__));                                           \
    static void PALIGEMMA_JOIN(test_, __LINE__)()
#define CHECK(...)                                                                                \
    do {                                                                                          \
        ::paligemma::test::checks()++;                                                            \
        if (!(__VA_ARGS__)) ::paligemma::test::fail(__FILE__, __LINE__, "not so: " #__VA_ARGS__); \
    } while (false)
// CHECK_EQ(found, expected)
#define CHECK_EQ(found, ...) \
    ::paligemma::test::check_eq(__FILE__, __LINE__, #found, found, __VA_ARGS__)
// CHECK_THROWS(ErrorCode::…, expression)
#define CHECK_THROWS(code, ...)                                             \
    ::paligemma::test::check_throws(__FILE__, __LINE__, #__VA_ARGS__, code, \
                                    [&] { (void)(__VA_ARGS__); })
