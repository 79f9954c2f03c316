// What the simulation is told and what it tells: files of little-endian 64-bit words.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

constexpr int EXIT_FAILED = 3;  // the design broke a rule: one line of the standard output tells which
constexpr int EXIT_FILES = 4;   // a file could not be read or written

struct Failure {
    int code;
    std::string message;
};

[[noreturn]] inline void give_up(int code, const char* format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    throw Failure{code, message};
}

inline std::vector<int64_t> read_words(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) give_up(EXIT_FILES, "cannot read %s", path.c_str());
    std::fseek(file, 0, SEEK_END);
    std::vector<int64_t> words(size_t(std::ftell(file)) / sizeof(int64_t));
    std::rewind(file);
    if (std::fread(words.data(), sizeof(int64_t), words.size(), file) != words.size())
        give_up(EXIT_FILES, "cannot read %s", path.c_str());
    std::fclose(file);
    return words;
}

// Words one after the other, as they are told.
class Words {
public:
    explicit Words(const std::string& path) : words(read_words(path)), path(path) {}
    int64_t next() {
        if (position == words.size()) give_up(EXIT_FILES, "%s ends too early", path.c_str());
        return words[position++];
    }

private:
    std::vector<int64_t> words;
    std::string path;
    size_t position = 0;
};

// A file of rows of words.
class Records {
public:
    explicit Records(const std::string& path) : path(path), file(std::fopen(path.c_str(), "wb")) {
        if (file == nullptr) give_up(EXIT_FILES, "cannot write %s", path.c_str());
    }
    void add(const int64_t* row, size_t words) {
        pending.insert(pending.end(), row, row + words);
        ++rows;
        if (pending.size() >= LIMIT) write();
    }
    void close() {
        write();
        if (std::fclose(file) != 0) give_up(EXIT_FILES, "cannot write %s", path.c_str());
    }
    int64_t count() const { return rows; }

private:
    static constexpr size_t LIMIT = 1 << 16;  // words; a call for each row would take longer than a cycle
    void write() {
        if (std::fwrite(pending.data(), sizeof(int64_t), pending.size(), file) != pending.size())
            give_up(EXIT_FILES, "cannot write %s", path.c_str());
        pending.clear();
    }
    std::vector<int64_t> pending;
    std::string path;
    FILE* file;
    int64_t rows = 0;
};
