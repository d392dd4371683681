//===- NpyTest.cpp - NumPy array files ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes are written out by hand from NumPy's format description.
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace qbias::runtime;

namespace {

/// A version 1.0 file with this header text and data.
std::string file(const std::string &header, const std::string &data) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

std::string errorOf(const std::string &bytes) {
  std::string error;
  EXPECT_FALSE(parseNpy(bytes, error).has_value());
  return error;
}

TEST(Npy, ReadsSignedBytes) {
  std::string error;
  auto array =
      parseNpy(file("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }\n",
                    "\x01\xff\x7f\x80"),
               error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(array->dtype, DType::Int8);
  EXPECT_EQ(array->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(array->integerAt(1), -1);
  EXPECT_EQ(array->integerAt(3), -128);
}

TEST(Npy, ReadsUnsignedBytesAndScalars) {
  std::string error;
  auto array = parseNpy(
      file("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "\xff"), error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(array->elements(), 1);
  EXPECT_EQ(array->integerAt(0), 255);
}

TEST(Npy, WidensFloat16) {
  std::string error;
  // 1, -2, 2^-24, the largest 65504, infinity, -0.
  const char data[] = "\x00\x3c\x00\xc0\x01\x00\xff\x7b\x00\x7c\x00\x80";
  auto array = parseNpy(file("{'descr': '<f2', 'fortran_order': False, 'shape': (6,)}",
                             std::string(data, 12)),
                        error);
  ASSERT_TRUE(array) << error;
  EXPECT_EQ(array->dtype, DType::Float16);
  EXPECT_FALSE(isInteger(array->dtype));
  Array wide = widenHalf(*array);
  EXPECT_EQ(wide.dtype, DType::Float32);
  EXPECT_EQ(wide.shape, array->shape);
  const float expected[] = {1, -2, 0x1p-24f, 65504, INFINITY, 0};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(wide.floats()[i], expected[i]) << i;
  EXPECT_TRUE(std::signbit(wide.floats()[5]));
}

TEST(Npy, RefusesWhatDoesNotMatchItsBytes) {
  EXPECT_NE(errorOf("garbage").find("not a .npy file"), std::string::npos);
  EXPECT_NE(
      errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"))
          .find("does not match the 4 bytes"),
      std::string::npos);
  EXPECT_NE(errorOf(file("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
                         "12345678"))
                .find("unsupported dtype '<c8'"),
            std::string::npos);
  EXPECT_NE(
      errorOf(file("{'descr': '<i2', 'fortran_order': True, 'shape': (1, 2), }", "1234"))
          .find("Fortran order"),
      std::string::npos);
}

/// Sizes whose product overflows, or far beyond the file, allocate nothing.
TEST(Npy, BoundsHostileShapes) {
  EXPECT_NE(
      errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, "
                   "999999999999, 999999999999), }",
                   "1234"))
          .find("does not match"),
      std::string::npos);
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': "
                         "(9999999999999999999999,), }",
                         "1234"))
                .find("header is not"),
            std::string::npos);
  for (std::string header : {"{", "{'descr'", "{'descr': '<f4'", "{'shape': (", "()", ""})
    EXPECT_NE(errorOf(file(header, "")).find("header"), std::string::npos);
  std::string truncated("\x93NUMPY\x01\x00\xff\xff", 10);
  EXPECT_NE(errorOf(truncated).find("cut off"), std::string::npos);
}

TEST(Npy, WritesWhatItReads) {
  Array array;
  array.dtype = DType::Int32;
  array.shape = {3};
  int32_t values[] = {1, -2, 1 << 30};
  array.data.assign(reinterpret_cast<char *>(values),
                    reinterpret_cast<char *>(values + 3));
  std::string path = ::testing::TempDir() + "qbias-npy-test.npy", error;
  ASSERT_TRUE(writeNpy(path, array, error)) << error;
  auto back = readNpy(path, error);
  ASSERT_TRUE(back) << error;
  EXPECT_EQ(back->shape, array.shape);
  EXPECT_EQ(back->data, array.data);
  EXPECT_FALSE(writeNpy("/nonexistent-folder/x.npy", array, error));
  EXPECT_NE(error.find("cannot write"), std::string::npos);
}

} // namespace
