//===- Archive.cpp - the zip files in a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Archive.h"

#include <zip.h>

using namespace mlir;
using namespace qbias::pytorchimport;

/// Bytes of a local file header without name and extra fields, and of an entry
/// of the directory.
static constexpr uint64_t kLocalHeader = 30, kDirectoryEntry = 46;

/// Most entries of an archive: a network has a few per tensor.
static constexpr int64_t kMaxEntries = 1 << 20;

/// A stored entry of the outer archive that is an archive itself: libzip reads
/// it through the functions below.
struct Archive::Nested {
  zip_file *file;
  uint64_t size;
  uint64_t position = 0;
  zip_error_t error;

  Nested(zip_file *file, uint64_t size) : file(file), size(size) {
    zip_error_init(&error);
  }
  ~Nested() {
    zip_error_fini(&error);
    zip_fclose(file);
  }
  int64_t read(void *data, uint64_t length);
  int64_t seek(void *arguments, uint64_t length);
  static zip_int64_t handle(void *self, void *data, zip_uint64_t length,
                            zip_source_cmd_t command);
};

Archive::Archive(MemoryBudget &budget) : budget(budget) {}

Archive::~Archive() {
  if (handle)
    zip_discard(handle);
}

/// An error of libzip about the file.
static LogicalResult rejectZip(const Subject &subject, zip_error_t &error,
                               const char *advice = "the file is damaged or cut off") {
  LogicalResult result =
      subject.reject("content", "a zip archive", zip_error_strerror(&error), advice);
  zip_error_fini(&error);
  return result;
}

/// Opens an archive; the source belongs to it from then on.
static FailureOr<zip *> openSource(zip_source_t *source, const Subject &subject) {
  zip_error_t error;
  zip_error_init(&error);
  if (zip *handle = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error)) {
    zip_error_fini(&error);
    return handle;
  }
  zip_source_free(source);
  return rejectZip(subject, error);
}

FailureOr<std::unique_ptr<Archive>>
Archive::open(ArrayRef<char> bytes, MemoryBudget &budget, const Subject &subject) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (!source)
    return rejectZip(subject, error);
  zip_error_fini(&error);
  std::unique_ptr<Archive> archive(new Archive(budget));
  FailureOr<zip *> handle = openSource(source, subject);
  if (failed(handle))
    return failure();
  archive->handle = *handle;
  if (failed(archive->list(bytes.size(), subject)))
    return failure();
  return archive;
}

LogicalResult Archive::addEntry(uint64_t index, uint64_t &used, const Subject &subject) {
  zip_stat_t stat;
  if (zip_stat_index(handle, index, 0, &stat) < 0)
    return rejectZip(subject, *zip_get_error(handle));
  StringRef name = stat.name;
  constexpr uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((stat.valid & kNeeded) != kNeeded)
    return subject.reject("entry " + quoted(name), "a size", "none");
  if (stat.encryption_method != ZIP_EM_NONE)
    return subject.reject("entry " + quoted(name), "plain data", "encrypted data");
  if (!entries.try_emplace(name, index).second)
    return subject.reject("entry " + quoted(name), "one of this name", "several",
                          "the file is damaged");
  used += kLocalHeader + kDirectoryEntry + 2 * name.size();
  // Sizes are below 2^63; their sum is checked after each.
  used += stat.comp_size;
  return success();
}

/// Collects the entries. All of them together fit the file, or some overlap.
LogicalResult Archive::list(size_t size, const Subject &subject) {
  fileSize = size;
  int64_t count = zip_get_num_entries(handle, 0);
  if (count < 1 || count > kMaxEntries)
    return subject.reject("number of entries", "1 to " + Twine(kMaxEntries),
                          Twine(count));
  uint64_t used = 0;
  for (int64_t index = 0; index < count; ++index) {
    if (failed(addEntry(index, used, subject)))
      return failure();
    if (used > fileSize)
      return subject.reject("entries", "at most " + Twine(fileSize) + " bytes in all",
                            "more: some overlap", "the file is damaged");
  }
  root = StringRef(zip_get_name(handle, 0, 0)).split('/').first.str();
  return success();
}

FailureOr<std::vector<char>> Archive::read(StringRef name, const Subject &subject) const {
  auto found = entries.find(name);
  if (found == entries.end())
    return subject.reject("entry " + quoted(name), "one in the archive", "none",
                          "the file is not complete");
  zip_stat_t stat;
  if (zip_stat_index(handle, found->second, 0, &stat) < 0)
    return rejectZip(subject, *zip_get_error(handle));
  if (stat.size > INT64_MAX || failed(budget.charge(stat.size, subject)))
    return failure();
  zip_file *file = zip_fopen_index(handle, found->second, 0);
  if (!file)
    return subject.reject("entry " + quoted(name), "readable data", zip_strerror(handle));
  std::vector<char> bytes(stat.size);
  int64_t got = zip_fread(file, bytes.data(), bytes.size());
  // One more byte: the end of the data, where its checksum is compared.
  char beyond;
  int64_t more = got < 0 ? 0 : zip_fread(file, &beyond, 1);
  std::string what = zip_file_strerror(file);
  bool isGood =
      zip_fclose(file) == 0 && got == static_cast<int64_t>(bytes.size()) && more == 0;
  if (isGood)
    return bytes;
  return subject.reject("entry " + quoted(name),
                        Twine(bytes.size()) + " bytes with a correct checksum",
                        got < 0 || more < 0 ? Twine(what) : Twine(got + more) + " bytes",
                        "the file is damaged");
}

//===----------------------------------------------------------------------===//
// Archives in archives
//===----------------------------------------------------------------------===//

int64_t Archive::Nested::read(void *data, uint64_t length) {
  int64_t got = zip_fread(file, data, length);
  if (got < 0)
    zip_error_set(&error, ZIP_ER_READ, 0);
  else
    position += got;
  return got;
}

int64_t Archive::Nested::seek(void *arguments, uint64_t length) {
  int64_t offset =
      zip_source_seek_compute_offset(position, size, arguments, length, &error);
  if (offset < 0)
    return -1;
  if (zip_fseek(file, offset, SEEK_SET) < 0) {
    zip_error_set(&error, ZIP_ER_SEEK, 0);
    return -1;
  }
  position = offset;
  return 0;
}

zip_int64_t Archive::Nested::handle(void *self, void *data, zip_uint64_t length,
                                    zip_source_cmd_t command) {
  auto *nested = static_cast<Nested *>(self);
  switch (command) {
  case ZIP_SOURCE_SUPPORTS:
    return ZIP_SOURCE_SUPPORTS_SEEKABLE;
  case ZIP_SOURCE_OPEN:
    nested->position = 0;
    return zip_fseek(nested->file, 0, SEEK_SET) < 0 ? -1 : 0;
  case ZIP_SOURCE_READ:
    return nested->read(data, length);
  case ZIP_SOURCE_SEEK:
    return nested->seek(data, length);
  case ZIP_SOURCE_TELL:
    return nested->position;
  case ZIP_SOURCE_STAT: {
    auto *stat = static_cast<zip_stat_t *>(data);
    zip_stat_init(stat);
    stat->size = nested->size;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof(zip_stat_t);
  }
  case ZIP_SOURCE_ERROR:
    return zip_error_to_data(&nested->error, data, length);
  case ZIP_SOURCE_CLOSE:
  case ZIP_SOURCE_FREE:
    return 0;
  default:
    zip_error_set(&nested->error, ZIP_ER_OPNOTSUPP, 0);
    return -1;
  }
}

FailureOr<std::unique_ptr<Archive>> Archive::openNested(StringRef name,
                                                        const Subject &subject) const {
  auto found = entries.find(name);
  zip_stat_t stat;
  bool isStored = found != entries.end() &&
                  zip_stat_index(handle, found->second, 0, &stat) == 0 &&
                  stat.comp_method == ZIP_CM_STORE && stat.size == stat.comp_size;
  if (!isStored) { // unusual, but a zip file like any other
    FailureOr<std::vector<char>> bytes = read(name, subject);
    if (failed(bytes))
      return failure();
    auto archive = open(*bytes, budget, subject);
    if (succeeded(archive))
      (*archive)->inflated = std::move(*bytes);
    return archive;
  }
  zip_file *file = zip_fopen_index(handle, found->second, 0);
  if (!file)
    return subject.reject("entry " + quoted(name), "readable data", zip_strerror(handle));
  std::unique_ptr<Archive> archive(new Archive(budget));
  archive->nested = std::make_unique<Nested>(file, stat.size);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source =
      zip_source_function_create(Nested::handle, archive->nested.get(), &error);
  if (!source)
    return rejectZip(subject, error);
  zip_error_fini(&error);
  FailureOr<zip *> opened = openSource(source, subject);
  if (failed(opened))
    return failure();
  archive->handle = *opened;
  if (failed(archive->list(stat.size, subject)))
    return failure();
  return archive;
}
