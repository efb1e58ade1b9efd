// The memory that the system and its limits leave.
#pragma once
#include <cstddef>
#include <cstdint>

namespace paligemma {

// Bytes this process may still use: the smallest of free memory, cgroup limits and the
// address-space limit.
uint64_t available_memory();

// Asks for pages of 2 MiB, where nothing is in them yet. Only advice: a system without them keeps
// small ones.
void advise_huge_pages(void* begin, size_t size);

}  // namespace paligemma
