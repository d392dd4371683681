//===- launcher.cpp - the program qbias ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled libraries are run here, without LLVM in the process; everything else
// is the driver's, another program (qbias.cpp) that takes this one's place.
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Files.h"
#include "qbias/Runtime/Library.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <getopt.h>
#include <unistd.h>

using namespace qbias::runtime;

/// Where the driver is, from the folder of this program.
static constexpr const char *kDriver = "../libexec/qbias/qbias-driver";

namespace {

/// Options of run and bench that apply to a library.
enum Option { Input = 1, Output, Raw, Labels, Boundary, Quiet, Runs, Threads, Format };

constexpr option kRunOptions[] = {{"input", required_argument, nullptr, Input},
                                  {"output", required_argument, nullptr, Output},
                                  {"raw", no_argument, nullptr, Raw},
                                  {"labels", required_argument, nullptr, Labels},
                                  {"boundary", required_argument, nullptr, Boundary},
                                  {"quiet", no_argument, nullptr, Quiet},
                                  {}};
constexpr option kBenchOptions[] = {{"runs", required_argument, nullptr, Runs},
                                    {"threads", required_argument, nullptr, Threads},
                                    {"format", required_argument, nullptr, Format},
                                    {"quiet", no_argument, nullptr, Quiet},
                                    {}};

} // namespace

static int usageError(const std::string &message) {
  std::fprintf(stderr, "qbias: %s\n", message.c_str());
  return kExitUsage;
}

/// Becomes the driver. Returns only when that fails.
static int becomeDriver(char **argv) {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path driver = self.parent_path() / kDriver;
  ::execv(driver.c_str(), argv);
  printError(driver.lexically_normal().string(),
             std::string("cannot run: ") + std::strerror(errno) +
                 "; it belongs next to this program, install qbias again");
  return kExitBadInput;
}

/// True when the word is an option whose value is the next word.
static bool takesNextWord(std::string_view word) {
  if (word.empty() || word[0] != '-' || word.find('=') != std::string_view::npos)
    return false;
  word.remove_prefix(word.size() > 1 && word[1] == '-' ? 2 : 1);
  for (const option *options : {kRunOptions, kBenchOptions})
    for (; options->name; ++options)
      if (word == options->name)
        return options->has_arg == required_argument;
  return false;
}

/// True when the command's operand names a library.
static bool runsLibrary(int argc, char **argv) {
  std::string_view command = argc > 1 ? argv[1] : "";
  if (command != "run" && command != "bench")
    return false;
  for (int i = 2; i < argc; ++i) {
    std::string_view word = argv[i];
    if (takesNextWord(word))
      ++i;
    else if (word.empty() || word[0] != '-')
      return namesLibrary(word);
  }
  return false;
}

/// NAME=FILE, or FILE when a file of the whole name exists or there is no '='.
static NamedFile parseNamedFile(const std::string &text) {
  size_t equals = text.rfind('=');
  std::error_code error;
  if (equals == std::string::npos || std::filesystem::exists(text, error))
    return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Loads the operand that follows the options. Null after printing why not.
static std::unique_ptr<Library> openOperand(int argc, char **argv, int &code) {
  if (optind + 1 != argc) {
    code = usageError("got " + std::to_string(argc - optind) +
                      " operands, expected one compiled library");
    return nullptr;
  }
  std::string error;
  std::unique_ptr<Library> library = Library::open(argv[optind], error);
  if (!library)
    printError(argv[optind], error);
  code = kExitBadInput;
  return library;
}

static int unknownOption(char **argv) {
  return usageError(std::string("'") + argv[optind - 1] +
                    "' is no option of a compiled library's, or lacks its value; give "
                    "the source model for options of the compiler");
}

static int runLibrary(int argc, char **argv) {
  RunRequest request;
  std::string boundary = "producer";
  for (int option;
       (option = getopt_long_only(argc, argv, "", kRunOptions, nullptr)) != -1;)
    switch (option) {
    case Input:
      request.inputs.push_back(parseNamedFile(optarg));
      break;
    case Output:
      request.outputs.push_back(parseNamedFile(optarg));
      break;
    case Raw:
      request.raw = true;
      break;
    case Labels:
      request.labels = optarg;
      break;
    case Boundary:
      boundary = optarg;
      break;
    case Quiet:
      request.quiet = true;
      break;
    default:
      return unknownOption(argv);
    }
  if (boundary != "producer" && boundary != "real")
    return usageError("--boundary is '" + boundary + "', expected producer or real");
  request.realBoundary = boundary == "real";
  int code;
  std::unique_ptr<Library> library = openOperand(argc, argv, code);
  if (!library)
    return code;
  request.model = argv[optind];
  return runSession(*library, request);
}

/// A positive decimal number.
static bool parseCount(const char *text, int64_t &count) {
  char *end = nullptr;
  errno = 0;
  count = std::strtoll(text, &end, 10);
  return errno == 0 && end != text && !*end && count > 0;
}

static int benchLibrary(int argc, char **argv) {
  int64_t runs = 20, threads = 1;
  std::string format = "text";
  for (int option;
       (option = getopt_long_only(argc, argv, "", kBenchOptions, nullptr)) != -1;)
    switch (option) {
    case Runs:
      if (!parseCount(optarg, runs))
        return usageError(std::string("--runs is ") + optarg +
                          ", expected a positive number");
      break;
    case Threads:
      if (!parseCount(optarg, threads) || threads != 1)
        return usageError(std::string("--threads is ") + optarg + ", expected 1");
      break;
    case Format:
      format = optarg;
      break;
    case Quiet:
      break;
    default:
      return unknownOption(argv);
    }
  if (format != "text" && format != "json")
    return usageError("--format is '" + format + "', expected text or json");
  int code;
  std::unique_ptr<Library> library = openOperand(argc, argv, code);
  if (!library)
    return code;
  std::string error;
  std::optional<Times> times = measure(*library, runs, error);
  if (!times) {
    printError(argv[optind], error);
    return kExitBadInput;
  }
  std::string text =
      formatBench(*times, {}, library->description().macs, format == "json");
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

int main(int argc, char **argv) {
  if (!runsLibrary(argc, argv))
    return becomeDriver(argv);
  std::string_view command = argv[1];
  opterr = 0; // messages are ours
  return command == "run" ? runLibrary(argc - 1, argv + 1)
                          : benchLibrary(argc - 1, argv + 1);
}
