//===- IntegerOnly.cpp - no float instruction in an object file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/IntegerOnly.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <map>

using namespace qbias;

//===----------------------------------------------------------------------===//
// What is denied
//===----------------------------------------------------------------------===//

static bool matches(llvm::StringRef text, const char *pattern) {
  return llvm::Regex(pattern).match(text);
}

/// SSE, AVX and AVX-512 arithmetic on packed and scalar floats of every width,
/// conversions, and all of x87 (whose mnemonics begin with f).
static bool isFloatX86(llvm::StringRef mnemonic) {
  return matches(mnemonic,
                 "^v?(add|sub|addsub|mul|div|sqrt|rsqrt|rsqrt14|rsqrt28|rcp|rcp14|rcp28|"
                 "min|max|minmax|cmp[a-z]*|comi|ucomi|comx|ucomx|round|rndscale|reduce|"
                 "range|getexp|getmant|scalef|fixupimm|fpclass|exp2|hadd|hsub|dp|"
                 "fn?m(add|sub)[a-z]*[0-9]*|fm(addsub|subadd)[0-9]*|fc?(mul|madd)c)"
                 "(ps|pd|ss|sd|ph|sh|bf16|nepbf16|pbf16)[xyzlq]?$") ||
         matches(mnemonic, "^v?cvt") ||
         matches(mnemonic, "^v?dpbf16ps$|^tdp(bf|fp)16ps$") ||
         matches(mnemonic, "^pf|^pi2f|^f[a-z0-9]+$");
}

/// Everything that begins with f but moves between registers, conversions of
/// integers, bfloat16. fneg flips one bit: LLVM makes constants of integers with
/// movi and fneg, as 0x80000000 in every lane.
static bool isFloatAArch64(llvm::StringRef mnemonic) {
  bool isMove = matches(mnemonic, "^(fmov|fcsel|fdup|fcpy|fneg)$");
  return !isMove && matches(mnemonic, "^f|^[su]cvtf|^bf(dot|ml|mmla|cvt|add|sub|mul|"
                                      "clamp|max|min)");
}

/// Arithmetic names the type of its elements; VFP's own has that too.
static bool isFloatArm(llvm::StringRef mnemonic) {
  bool isMove =
      matches(mnemonic, "^(vmov|vldr|vstr|vldm|vstm|vpush|vpop|vld[1-4]|vst[1-4]"
                        "|vdup|vmsr|vmrs)");
  return !isMove && (matches(mnemonic, "\\.(f16|f32|f64|bf16)") ||
                     matches(mnemonic, "^(vcvt|vrint|vjcvt|vsqrt|vfma|vfms|vdiv)"));
}

/// The F, D, Q, Zfh extensions but loads, stores and moves; vf* of V.
static bool isFloatRiscv(llvm::StringRef mnemonic) {
  bool isMove =
      matches(mnemonic, "^(fl[hwdq]|fs[hwdq]|fmv\\..*|fence.*|c\\.f[ls].*|vfmv\\..*|"
                        "vfirst\\.m|vfmerge.*|vfslide.*)$");
  return !isMove && matches(mnemonic, "^f|^vf|^vmf(eq|ne|lt|le|gt|ge)");
}

bool qbias::isFloatMnemonic(const llvm::Triple &triple, llvm::StringRef mnemonic) {
  if (triple.isX86())
    return isFloatX86(mnemonic);
  if (triple.isAArch64())
    return isFloatAArch64(mnemonic);
  if (triple.isARM() || triple.isThumb())
    return isFloatArm(mnemonic);
  return isFloatRiscv(mnemonic);
}

bool qbias::isIntegerHelper(llvm::StringRef symbol) {
  return matches(symbol,
                 "^(mem(cpy|set|move)|__aeabi_mem(cpy|set|clr|move)[48]?|"
                 "__aeabi_(lmul|llsl|llsr|lasr|u?ldivmod|u?idiv|u?idivmod|lcmp|ulcmp)|"
                 "__(u?div|u?mod|mul|ashl|ashr|lshr)[sdt]i3|__(clz|ctz|ffs|bswap)[sd]i2|"
                 "_GLOBAL_OFFSET_TABLE_)$");
}

//===----------------------------------------------------------------------===//
// Disassembly
//===----------------------------------------------------------------------===//

namespace {

/// Everything LLVM needs to read instructions of one machine.
class Decoder {
public:
  explicit Decoder(const llvm::TargetMachine &machine);
  bool isComplete() const { return disassembler && printer; }

  /// Decodes at the start of `bytes`. The mnemonic, or nullopt; `size` is set
  /// either way.
  std::optional<std::string> decode(llvm::ArrayRef<uint8_t> bytes, uint64_t address,
                                    uint64_t &size);

private:
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> assembly;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> disassembler;
  std::unique_ptr<llvm::MCInstPrinter> printer;
};

/// A run of bytes of a section: code, or constants between the code.
struct Stretch {
  uint64_t begin, end;
  bool isCode;
};

} // namespace

Decoder::Decoder(const llvm::TargetMachine &machine) {
  llvm::InitializeAllDisassemblers();
  const llvm::Target &target = machine.getTarget();
  const llvm::Triple &triple = machine.getTargetTriple();
  registers.reset(target.createMCRegInfo(triple));
  assembly.reset(target.createMCAsmInfo(*registers, triple, {}));
  instructions.reset(target.createMCInstrInfo());
  subtarget.reset(target.createMCSubtargetInfo(triple, machine.getTargetCPU(),
                                               machine.getTargetFeatureString()));
  context = std::make_unique<llvm::MCContext>(triple, assembly.get(), registers.get(),
                                              subtarget.get());
  disassembler.reset(target.createMCDisassembler(*subtarget, *context));
  printer.reset(target.createMCInstPrinter(triple, assembly->getAssemblerDialect(),
                                           *assembly, *instructions, *registers));
}

std::optional<std::string> Decoder::decode(llvm::ArrayRef<uint8_t> bytes,
                                           uint64_t address, uint64_t &size) {
  llvm::MCInst instruction;
  size = 0;
  auto status =
      disassembler->getInstruction(instruction, size, bytes, address, llvm::nulls());
  if (status != llvm::MCDisassembler::Success || size == 0)
    return std::nullopt;
  std::string text;
  llvm::raw_string_ostream os(text);
  printer->printInst(&instruction, address, "", *subtarget, os);
  llvm::StringRef line = llvm::StringRef(text).trim();
  // Prefixes are printed as words of their own.
  for (llvm::StringRef prefix :
       {"rep", "repz", "repne", "lock", "notrack", "{vex}", "{evex}"})
    if (line.consume_front(prefix))
      line = line.ltrim();
  return line.take_until([](char c) { return llvm::isSpace(c) || c == ';'; }).str();
}

/// Where a section holds code: mapping symbols ($a, $t, $x code, $d data) mark
/// that on Arm and RISC-V; without any, all of it is.
static std::vector<Stretch> findCode(const llvm::object::SectionRef &section,
                                     const llvm::object::ObjectFile &file) {
  std::map<uint64_t, bool> marks;
  for (const llvm::object::SymbolRef &symbol : file.symbols()) {
    auto name = symbol.getName();
    auto home = symbol.getSection();
    auto address = symbol.getAddress();
    if (!name || !home || !address) {
      llvm::consumeError(name.takeError());
      llvm::consumeError(home.takeError());
      llvm::consumeError(address.takeError());
      continue;
    }
    if (*home == section && matches(*name, "^\\$[atxd]"))
      marks[*address - section.getAddress()] = !name->starts_with("$d");
  }
  std::vector<Stretch> stretches;
  uint64_t begin = 0;
  bool isCode = true;
  for (auto [offset, mark] : marks) {
    if (offset > begin)
      stretches.push_back({begin, offset, isCode});
    begin = offset;
    isCode = mark;
  }
  stretches.push_back({begin, section.getSize(), isCode});
  return stretches;
}

/// Adds what one section holds. False when an instruction cannot be decoded.
static bool checkSection(const llvm::object::SectionRef &section, llvm::StringRef name,
                         const llvm::object::ObjectFile &file, Decoder &decoder,
                         const llvm::Triple &triple, ObjectCheck &check,
                         std::string &error) {
  auto contents = section.getContents();
  if (!contents) {
    error =
        "cannot read section " + name.str() + ": " + llvm::toString(contents.takeError());
    return false;
  }
  llvm::ArrayRef<uint8_t> bytes = llvm::arrayRefFromStringRef(*contents);
  for (const Stretch &stretch : findCode(section, file)) {
    if (!stretch.isCode)
      continue;
    for (uint64_t at = stretch.begin; at < stretch.end;) {
      uint64_t size;
      auto mnemonic = decoder.decode(bytes.slice(at, stretch.end - at),
                                     section.getAddress() + at, size);
      std::string place = name.str() + "+0x" + llvm::utohexstr(at, /*LowerCase=*/true);
      if (!mnemonic) {
        error = "cannot decode the instruction at " + place;
        return false;
      }
      ++check.instructions;
      if (isFloatMnemonic(triple, *mnemonic))
        check.faults.push_back(place + ": " + *mnemonic);
      at += size;
    }
  }
  return true;
}

std::optional<ObjectCheck> qbias::checkObject(llvm::StringRef object,
                                              const llvm::TargetMachine &machine,
                                              std::string &error) {
  const llvm::Triple &triple = machine.getTargetTriple();
  bool isKnown = triple.isX86() || triple.isAArch64() || triple.isARM() ||
                 triple.isThumb() || triple.isRISCV();
  if (!isKnown || !triple.isOSBinFormatELF()) {
    error =
        "--verify-integer-only reads ELF objects of x86, arm, aarch64 and riscv, got " +
        triple.str();
    return std::nullopt;
  }
  auto file =
      llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  Decoder decoder(machine);
  if (!file || !decoder.isComplete()) {
    error = file ? "LLVM has no disassembler for " + triple.str()
                 : llvm::toString(file.takeError());
    return std::nullopt;
  }
  ObjectCheck check;
  for (const llvm::object::SectionRef &section : (*file)->sections()) {
    if (!section.isText() || section.getSize() == 0)
      continue;
    llvm::StringRef name = llvm::cantFail(section.getName());
    if (!checkSection(section, name, **file, decoder, triple, check, error))
      return std::nullopt;
  }
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    uint32_t flags = llvm::cantFail(symbol.getFlags());
    llvm::StringRef name = llvm::cantFail(symbol.getName());
    if ((flags & llvm::object::SymbolRef::SF_Undefined) && !name.empty() &&
        !isIntegerHelper(name))
      check.faults.push_back("calls " + name.str());
  }
  return check;
}
