// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Feeds a WebAssembly network:
//   node feed.js NET.wasm IN-SIZES OUT-SIZES WORKSPACE-BYTES IN.bin OUT.bin
// Sizes are comma separated bytes, one for each input and output.
'use strict';
const fs = require('fs');

const [wasm, inList, outList, workspaceBytes, inPath, outPath] = process.argv.slice(2);
const sizes = (list) => list.split(',').map(Number);
const ALIGNMENT = 64;
const PAGE = 65536;

// A library of two functions, for programs whose compiler calls them.
let memory;
const bytes = () => new Uint8Array(memory.buffer);
const env = {
  memset: (to, value, count) => (bytes().fill(value, to, to + count), to),
  memcpy: (to, from, count) => (bytes().copyWithin(to, from, from + count), to),
};
const instance = new WebAssembly.Instance(
    new WebAssembly.Module(fs.readFileSync(wasm)), {env});
memory = instance.exports.memory;

let at = instance.exports.__heap_base.value;
const allocate = (size) => {
  at = Math.ceil(at / ALIGNMENT) * ALIGNMENT;
  const place = at;
  at += size;
  return place;
};
const inputs = sizes(inList).map((size) => [allocate(size), size]);
const outputs = sizes(outList).map((size) => [allocate(size), size]);
const workspace = allocate(Number(workspaceBytes));
const missing = Math.ceil(at / PAGE) - memory.buffer.byteLength / PAGE;
if (missing > 0) memory.grow(missing);

const data = fs.readFileSync(inPath);
const answers = [];
for (let position = 0; position < data.length;) {
  for (const [place, size] of inputs) {
    bytes().set(data.subarray(position, position + size), place);
    position += size;
  }
  const status = instance.exports.net_run(
      ...inputs.map(([place]) => place), ...outputs.map(([place]) => place), workspace,
      Number(workspaceBytes));
  if (status !== 0) process.exit(status);
  for (const [place, size] of outputs)
    answers.push(Buffer.from(bytes().slice(place, place + size)));
}
fs.writeFileSync(outPath, Buffer.concat(answers));
