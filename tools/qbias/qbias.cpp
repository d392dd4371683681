//===- qbias.cpp - the driver: qbias COMMAND MODEL ... ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first argument chooses the command; its options are declared only then,
// so that each command's --help shows its own.
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Driver/Commands.h"
#include "qbias/Driver/Files.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Regex.h"

#include <climits>
#include <csignal>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace qbias;
namespace cl = llvm::cl;

static constexpr const char *kVersion = QBIAS_VERSION;

static constexpr llvm::StringLiteral kUsage = R"(usage: qbias COMMAND MODEL [options]

commands:
  compile  write the program: .mlir, .mlirbc, .ll, .so, .o or .c with .h
  run      run the program on .npy arrays
  report   show every tensor and layer: types, scales, biases, certificate
  bench    measure latency

example: qbias run model.onnx --input x.npy --output y.npy
`qbias COMMAND --help` lists a command's options. `qbias --version`.
)";

static cl::OptionCategory &category() {
  static cl::OptionCategory instance("qbias options");
  return instance;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

namespace {

/// Options every command has.
struct CommonOptions {
  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"),
                             cl::cat(category())};
  cl::opt<std::string> requant{"requant", cl::init("exact"), cl::value_desc("mode"),
                               cl::desc("Requantization mode of every layer: exact, "
                                        "single, tflite, float or shift"),
                               cl::cat(category())};
  cl::list<std::string> requantLayers{
      "requant-layer", cl::value_desc("NAME=mode"),
      cl::desc("Requantization mode of one layer; repeat for each"), cl::cat(category())};
  cl::opt<std::string> bias{"bias", cl::init("residue"), cl::value_desc("kind"),
                            cl::desc("Bias: residue, or for comparison int32, int8 or "
                                     "float (docs/Bias.md)"),
                            cl::cat(category())};
  cl::opt<std::string> plan{
      "plan", cl::init("auto"), cl::value_desc("plan"),
      cl::desc("Kernels of contractions: auto, reference, or one plan (docs/Passes.md) "
               "wherever it is proven"),
      cl::cat(category())};
  cl::opt<std::string> optimize{
      "optimize", cl::init("speed"), cl::value_desc("speed|size|none"),
      cl::desc("size: weights are not made larger for speed; none: code is made "
               "sooner and runs slower"),
      cl::cat(category())};
  cl::opt<int64_t> threads{"threads", cl::init(1), cl::value_desc("N"),
                           cl::desc("Threads that share the program"),
                           cl::cat(category())};
  cl::opt<int64_t> batch{"batch", cl::init(1), cl::value_desc("N"),
                         cl::desc("Extent of a symbolic batch dimension"),
                         cl::cat(category())};
  cl::list<std::string> shapes{"shape", cl::value_desc("NAME=1x3x224x224"),
                               cl::desc("Shape of an input with dynamic dimensions"),
                               cl::cat(category())};
  cl::list<std::string> bindings{
      "bind", cl::value_desc("NAME=FILE"),
      cl::desc("Value of a model input that is a constant: .npy or ONNX tensor"),
      cl::cat(category())};
  cl::list<std::string> outputs{"outputs", cl::CommaSeparated, cl::value_desc("NAME,..."),
                                cl::desc("Tensors to return in place of the outputs"),
                                cl::cat(category())};
  cl::opt<std::string> remarks{"remarks-filter", cl::value_desc("regex"),
                               cl::desc("Print decisions of passes whose name matches, "
                                        "with the layer's name"),
                               cl::cat(category())};
  cl::opt<bool> quiet{"quiet", cl::desc("No progress on stderr"), cl::cat(category())};

  std::optional<CompileOptions> get() const;
};

/// Options about code that runs on this machine.
struct HostFlags {
  cl::opt<std::string> cpu{"cpu", cl::init("native"), cl::value_desc("name"),
                           cl::desc("Processor to make code for (default: this one)"),
                           cl::cat(category())};
  cl::opt<std::string> features{"features", cl::value_desc("+a,-b"),
                                cl::desc("Features on top of the processor's"),
                                cl::cat(category())};

  MachineOptions get() const { return {"", cpu, features}; }
};

} // namespace

namespace {

/// Options about the machine that a program is written for.
struct MachineFlags {
  cl::opt<std::string> target{"target", cl::value_desc("triple"),
                              cl::desc("Machine to compile for (default: this one)"),
                              cl::cat(category())};
  cl::opt<std::string> cpu{"cpu", cl::value_desc("name"),
                           cl::desc("Its processor; native is this one"),
                           cl::cat(category())};
  cl::opt<std::string> features{"features", cl::value_desc("+a,-b"),
                                cl::desc("Features on top of the processor's"),
                                cl::cat(category())};

  MachineOptions get() const { return {target, cpu, features}; }
};

} // namespace

/// What the user says of the machine; --optimize is an option of its own.
static void setMachine(CompileOptions &options, MachineOptions machine) {
  machine.optimize = options.machine.optimize;
  options.machine = std::move(machine);
}

static int usageError(const llvm::Twine &message) {
  llvm::errs() << "qbias: " << message << "\n";
  return kExitUsage;
}

static bool isMode(llvm::StringRef text) {
  return symbolizeRequantMode(text).has_value();
}

std::optional<CompileOptions> CommonOptions::get() const {
  CompileOptions options;
  options.plan = plan;
  options.smallWeights = optimize == "size";
  options.machine.optimize = optimize != "none";
  if (!llvm::is_contained({"speed", "size", "none"}, optimize.getValue())) {
    usageError("--optimize is '" + optimize + "', expected speed, size or none");
    return std::nullopt;
  }
  options.threads = threads;
  constexpr int64_t kMostThreads = 256;
  if (threads < 1 || threads > kMostThreads) {
    usageError("--threads is " + llvm::Twine(threads) + ", expected 1 to " +
               llvm::Twine(kMostThreads));
    return std::nullopt;
  }
  options.requant = requant;
  options.import.batch = batch;
  options.requantLayers.assign(requantLayers.begin(), requantLayers.end());
  options.bias = bias;
  if (!isMode(requant)) {
    usageError("--requant is '" + requant +
               "', expected exact, single, tflite, float or shift");
    return std::nullopt;
  }
  for (llvm::StringRef layer : requantLayers)
    if (!layer.contains('=') || !isMode(layer.rsplit('=').second)) {
      usageError(
          "--requant-layer is '" + layer +
          "', expected NAME=MODE, MODE one of exact, single, tflite, float, shift");
      return std::nullopt;
    }
  if (!llvm::is_contained({"residue", "int32", "int8", "float"}, bias.getValue())) {
    usageError("--bias is '" + bias + "', expected residue, int32, int8 or float");
    return std::nullopt;
  }
  std::string reason;
  if (!remarks.empty() && !llvm::Regex(remarks).isValid(reason)) {
    usageError("--remarks-filter is '" + remarks +
               "', expected a regular expression: " + reason);
    return std::nullopt;
  }
  options.remarks = remarks;
  if (batch < 1) {
    usageError("--batch is " + llvm::Twine(batch) + ", expected a positive number");
    return std::nullopt;
  }
  for (const std::string &text : shapes) {
    auto [name, extents] = llvm::StringRef(text).rsplit('=');
    llvm::SmallVector<llvm::StringRef> parts;
    extents.split(parts, 'x');
    llvm::SmallVector<int64_t> shape;
    for (llvm::StringRef part : parts) {
      int64_t extent;
      if (part.getAsInteger(10, extent) || extent < 1 || name.empty()) {
        usageError("--shape is '" + text + "', expected NAME=1x3x224x224");
        return std::nullopt;
      }
      shape.push_back(extent);
    }
    options.import.shapes[name] = shape;
  }
  for (const std::string &text : bindings) {
    auto [name, path] = llvm::StringRef(text).rsplit('=');
    if (name.empty() || path.empty()) {
      usageError("--bind is '" + text + "', expected NAME=FILE");
      return std::nullopt;
    }
    options.import.bindings[name] = path.str();
  }
  options.import.outputs.assign(outputs.begin(), outputs.end());
  return options;
}

/// Options that LLVM's own libraries register would clash with ours
/// (`--threads`) and show up in every --help.
static void removeForeignOptions() {
  llvm::SmallVector<cl::Option *> foreign;
  for (auto &entry : cl::getRegisteredOptions())
    if (!entry.first.starts_with("help"))
      foreign.push_back(entry.second);
  for (cl::Option *option : foreign)
    option->removeArgument();
}

/// NAME=FILE, or FILE when a file of the whole name exists or there is no '='.
static runtime::NamedFile parseNamedFile(llvm::StringRef text) {
  if (!text.contains('=') || llvm::sys::fs::exists(text))
    return {"", text.str()};
  auto [name, path] = text.rsplit('=');
  return {name.str(), path.str()};
}

/// Parses what follows the command's name. nullopt to go on, else an exit code.
static std::optional<int> parse(int argc, char **argv, llvm::StringRef overview) {
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::HideUnrelatedOptions(category());
  // Usage lines and messages name the command in full.
  std::string program = "qbias " + std::string(argv[1]);
  llvm::SmallVector<const char *> arguments(argv + 1, argv + argc);
  arguments.front() = program.c_str();
  std::string errors;
  llvm::raw_string_ostream os(errors);
  if (cl::ParseCommandLineOptions(argc - 1, arguments.data(), overview, &os))
    return std::nullopt;
  llvm::errs() << errors;
  return kExitUsage;
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

static int mainCompile(int argc, char **argv) {
  CommonOptions common;
  cl::opt<std::string> output(
      "o", cl::Required, cl::value_desc("file"),
      cl::desc("Output: .mlir, .mlirbc, .ll, .so, .o or .c (and .h)"),
      cl::cat(category()));
  cl::opt<std::string> emit(
      "emit", cl::value_desc("format"),
      cl::desc("mlir, mlirbc, ll, so, o or c, when the extension does not say"),
      cl::cat(category()));
  cl::opt<Stage> stage(
      "stage", cl::init(Stage::LLVM), cl::desc("Stage of an .mlir or .mlirbc output"),
      cl::values(clEnumValN(Stage::Import, "import", "as imported"),
                 clEnumValN(Stage::Integer, "integer", "certified integer operations"),
                 clEnumValN(Stage::Linalg, "linalg", "linalg on tensors"),
                 clEnumValN(Stage::LLVM, "llvm", "LLVM dialect")),
      cl::cat(category()));
  cl::opt<std::string> certificate("certificate", cl::value_desc("file"),
                                   cl::desc("Write the certificate as JSON"),
                                   cl::cat(category()));
  cl::opt<std::string> name("name", cl::init("qbias"), cl::value_desc("identifier"),
                            cl::desc("Name of the program; its entry point is NAME_run"),
                            cl::cat(category()));
  MachineFlags machine;
  cl::opt<std::string> linker("linker", cl::value_desc("program"),
                              cl::desc("Linker of .so (default: ld.lld, else cc)"),
                              cl::cat(category()));
  cl::opt<bool> integerOnly("verify-integer-only",
                            cl::desc("Disassemble the object and refuse float "
                                     "instructions"),
                            cl::cat(category()));
  cl::opt<bool> selfTest("selftest",
                         cl::desc("Of .c: a function NAME_selftest that checks every "
                                  "layer on the target"),
                         cl::cat(category()));
  cl::opt<bool> narrowProducts("int32-products",
                               cl::desc("Of .c: requantize with products of 32 bits "
                                        "where that is proven"),
                               cl::cat(category()));
  if (auto code = parse(argc, argv,
                        "Compile a model.\nexample: qbias compile model.onnx -o model.o\n"
                        "example: qbias compile model.onnx -o model.o "
                        "--target=aarch64-linux-gnu\n"))
    return *code;
  auto options = common.get();
  if (!options)
    return kExitUsage;
  options->name = name;
  bool isIdentifier =
      !name.empty() && !llvm::isDigit(name[0]) &&
      llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (!isIdentifier)
    return usageError("--name is '" + name + "', expected a C identifier");
  setMachine(*options, machine.get());
  CompileCommand command{common.model, output,   certificate,    emit,    linker, stage,
                         integerOnly,  selfTest, narrowProducts, *options};
  return runCompile(command);
}

static int mainRun(int argc, char **argv) {
  CommonOptions common;
  HostFlags machine;
  cl::list<std::string> inputs("input", cl::value_desc("[NAME=]X.npy"),
                               cl::desc("Input array; repeat for each input"),
                               cl::cat(category()));
  cl::list<std::string> outputs("output", cl::value_desc("[NAME=]Y.npy"),
                                cl::desc("Output array; repeat for each output"),
                                cl::cat(category()));
  cl::opt<bool> raw("raw", cl::desc("Integers in, integers out"), cl::cat(category()));
  cl::opt<std::string> dump("dump-dir", cl::value_desc("directory"),
                            cl::desc("Write every integer tensor of the model as .npy"),
                            cl::cat(category()));
  cl::opt<std::string> labels("labels", cl::value_desc("y.npy"),
                              cl::desc("Print top-1 against these labels"),
                              cl::cat(category()));
  cl::opt<std::string> boundary("boundary", cl::init("producer"),
                                cl::desc("Formula that quantizes float inputs: producer "
                                         "(the framework's float32) or real (exact)"),
                                cl::cat(category()));
  if (auto code =
          parse(argc, argv,
                "Run a model on arrays.\nexample: qbias run model.onnx --input x.npy "
                "--output y.npy --labels labels.npy\n"))
    return *code;
  auto options = common.get();
  if (!options)
    return kExitUsage;
  setMachine(*options, machine.get());
  if (boundary != "producer" && boundary != "real")
    return usageError("--boundary is '" + boundary + "', expected producer or real");
  runtime::RunRequest request{common.model,       dump,        labels, {}, {}, raw,
                              boundary == "real", common.quiet};
  for (const std::string &text : inputs)
    request.inputs.push_back(parseNamedFile(text));
  for (const std::string &text : outputs)
    request.outputs.push_back(parseNamedFile(text));
  return runRun({request, *options});
}

static int mainReport(int argc, char **argv) {
  CommonOptions common;
  HostFlags machine;
  cl::opt<std::string> format("format", cl::init("text"),
                              cl::desc("text, json, html, or svg: a picture of the "
                                       "workspace"),
                              cl::cat(category()));
  cl::opt<std::string> output("o", cl::value_desc("file"),
                              cl::desc("Output instead of stdout"), cl::cat(category()));
  cl::list<std::string> data("data", cl::value_desc("[NAME=]X.npy"),
                             cl::desc("Input array to measure every layer on; repeat for "
                                      "each input"),
                             cl::cat(category()));
  cl::opt<bool> raw("raw", cl::desc("The arrays hold integers"), cl::cat(category()));
  if (auto code = parse(argc, argv,
                        "Show tensors, biases, requantization and certificate, and what "
                        "data makes of them.\n"
                        "example: qbias report model.onnx --format=json\n"
                        "example: qbias report model.onnx --data x.npy\n"))
    return *code;
  auto options = common.get();
  if (!options)
    return kExitUsage;
  setMachine(*options, machine.get());
  if (!llvm::is_contained({"text", "json", "html", "svg"}, format.getValue()))
    return usageError("--format is '" + format + "', expected text, json, html or svg");
  runtime::RunRequest request;
  request.model = common.model;
  request.raw = raw;
  request.quiet = common.quiet;
  request.inputOption = "--data";
  for (const std::string &text : data)
    request.inputs.push_back(parseNamedFile(text));
  return runReport({common.model, request, format, output, *options});
}

static int mainBench(int argc, char **argv) {
  CommonOptions common;
  HostFlags machine;
  cl::opt<int64_t> runs("runs", cl::init(20), cl::desc("Runs to measure"),
                        cl::cat(category()));
  cl::opt<std::string> format("format", cl::init("text"), cl::desc("text or json"),
                              cl::cat(category()));
  cl::opt<bool> perLayer("per-layer", cl::desc("Also time every layer by itself"),
                         cl::cat(category()));
  if (auto code = parse(argc, argv,
                        "Measure latency.\nexample: qbias bench model.onnx --runs 50\n"))
    return *code;
  auto options = common.get();
  if (!options)
    return kExitUsage;
  setMachine(*options, machine.get());
  if (runs < 1)
    return usageError("--runs is " + llvm::Twine(runs) + ", expected a positive number");
  if (format != "text" && format != "json")
    return usageError("--format is '" + format + "', expected text or json");
  return runBench({common.model, format, runs, perLayer, *options});
}

/// Arrays as large as the weights of a layer come and go with every pass. Taken from
/// pages that stay in the process they cost no page faults: 8 % of a compilation.
static void keepFreedPages() {
#ifdef __GLIBC__
  constexpr int kNever = INT_MAX, kStep = 1 << 25;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, kNever);
  mallopt(M_TOP_PAD, kStep);
#endif
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  keepFreedPages();
  std::signal(SIGXFSZ, SIG_IGN); // a file that grows too large is an error like others
  llvm::StringRef command = argc > 1 ? argv[1] : "";
  if (command == "--version") {
    llvm::outs() << "qbias " << kVersion << "\n";
    return kExitOk;
  }
  if (command == "--help" || command == "-h" || command == "help") {
    llvm::outs() << kUsage;
    return kExitOk;
  }
  removeForeignOptions();
  if (command == "compile")
    return mainCompile(argc, argv);
  if (command == "run")
    return mainRun(argc, argv);
  if (command == "report")
    return mainReport(argc, argv);
  if (command == "bench")
    return mainBench(argc, argv);
  if (!command.empty())
    usageError("unknown command '" + command + "'");
  llvm::errs() << kUsage;
  return kExitUsage;
}
