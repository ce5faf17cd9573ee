// What benchmarks share: time, the middle of several measurements, and which machine it was.
#pragma once

#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace actogram {

inline double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

inline void print_machine(int argc, char** argv) {
  utsname machine = {};
  uname(&machine);
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line, cpu = "unknown";
  while (std::getline(cpuinfo, line)) {
    if (line.starts_with("model name")) cpu = line.substr(line.find(':') + 2);
  }
  std::printf("machine: %s, %u CPUs, %s %s\ncommand:", cpu.c_str(),
              std::thread::hardware_concurrency(), machine.sysname, machine.release);
  for (int i = 0; i < argc; ++i) std::printf(" %s", argv[i]);
  std::printf("\n");
}

}  // namespace actogram
