//===- PyTorchFuzzer.cpp - arbitrary bytes as a .pt2 -----------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer gives a module that verifies, or an error and nothing; it never
// fails otherwise, whatever the bytes are. Checksums keep random changes of a zip
// file from reaching what is inside, so that the first byte of the data says what
// the rest is: a whole file, the program of a file, or the pickle of its weights.
//
//===----------------------------------------------------------------------===//

#include "ImportTarget.h"

#include "qbias/Import/PyTorch.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"

#include <cstdint>

namespace {

/// A zip archive of stored entries.
class Zip {
public:
  void add(const std::string &name, llvm::StringRef data) {
    std::string fields;
    put(fields, 20, 2), put(fields, 0, 2), put(fields, 0, 2), put(fields, 0, 4);
    put(fields, llvm::crc32(llvm::arrayRefFromStringRef(data)), 4);
    put(fields, data.size(), 4), put(fields, data.size(), 4);
    put(fields, name.size(), 2), put(fields, 0, 2);
    put(directory, 0x02014b50, 4), put(directory, 20, 2);
    directory += fields;
    put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 2);
    put(directory, 0, 4), put(directory, bytes.size(), 4);
    directory += name;
    put(bytes, 0x04034b50, 4);
    bytes += fields + name + data.str();
    ++count;
  }
  std::string finish() {
    size_t offset = bytes.size();
    bytes += directory;
    put(bytes, 0x06054b50, 4), put(bytes, 0, 4), put(bytes, count, 2);
    put(bytes, count, 2), put(bytes, directory.size(), 4), put(bytes, offset, 4);
    put(bytes, 0, 2);
    return bytes;
  }

private:
  static void put(std::string &out, uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i)
      out += static_cast<char>(value >> 8 * i);
  }
  std::string bytes, directory;
  unsigned count = 0;
};

} // namespace

/// A graph that reads one stored tensor.
static constexpr const char *kReadsWeight = R"({"graph_module":{"graph":{"nodes":[
{"target":"torch.ops.aten.add.Tensor","inputs":[{"name":"self","arg":{"as_tensor":
{"name":"x"}}},{"name":"other","arg":{"as_tensor":{"name":"w"}}}],"outputs":
[{"as_tensor":{"name":"y"}}]}],"tensor_values":{"x":{"dtype":7,"sizes":[{"as_int":4}]}}},
"signature":{"input_specs":[{"parameter":{"arg":{"name":"w"},"parameter_name":"w"}},
{"user_input":{"arg":{"as_tensor":{"name":"x"}}}}],"output_specs":[{"user_output":
{"arg":{"as_tensor":{"name":"y"}}}}]}}})";

/// The file that the data stands for.
static std::string makeFile(llvm::StringRef data) {
  char kind = data.empty() ? 0 : data.front();
  llvm::StringRef rest = data.drop_front(!data.empty());
  if (kind == 'J') { // a program, with weights of a fixed description
    Zip zip;
    zip.add("n/models/model.json", rest);
    zip.add("n/data/weights/w", std::string(64, '\1'));
    zip.add(
        "n/data/weights/model_weights_config.json",
        R"({"config":{"w":{"path_name":"w","use_pickle":false,"tensor_meta":{"dtype":2,
"sizes":[{"as_int":3},{"as_int":4}],"strides":[{"as_int":4},{"as_int":1}],
"storage_offset":{"as_int":0}}}}})");
    return zip.finish();
  }
  if (kind == 'P') { // a pickle, with one storage
    Zip inner;
    inner.add("archive/data.pkl", rest);
    inner.add("archive/data/0", std::string(64, '\1'));
    Zip zip;
    zip.add("serialized_exported_program.json", kReadsWeight);
    zip.add("serialized_state_dict.pt", inner.finish());
    return zip.finish();
  }
  return data.str();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string bytes = makeFile({reinterpret_cast<const char *>(data), size});
  llvm::MemoryBufferRef file(bytes, "fuzz.pt2");
  (void)qbias::looksLikePyTorch(file);
  requireModuleOrError(file, [](llvm::MemoryBufferRef input, mlir::MLIRContext *context) {
    return qbias::importPyTorch(input, context, {});
  });
  return 0;
}
