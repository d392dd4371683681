// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX Runtime on one model:
//   node ort.js MODEL INPUT.bin TYPE SHAPE RUNS EXACT THREADS OUTPUT.bin
// INPUT.bin holds TYPE (float32 or uint8), OUTPUT.bin the output's own type. Prints times and memory
// as JSON.
const fs = require('fs');
const ort = require('onnxruntime-node');

function median(sorted) {
  return sorted[sorted.length >> 1];
}

(async () => {
  const [, , model, input, type, shape, runs, exact, threads, output] = process.argv;
  const options = {intraOpNumThreads: Number(threads), interOpNumThreads: 1,
                   executionMode: 'sequential', graphOptimizationLevel: 'all'};
  if (exact === '1')
    options.extra = {session: {x64quantprecision: '1'}};
  const session = await ort.InferenceSession.create(model, options);
  const bytes = fs.readFileSync(input);
  const values = type === 'uint8'
      ? new Uint8Array(bytes)
      : new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const feed = {[session.inputNames[0]]:
                    new ort.Tensor(type, values, shape.split('x').map(Number))};
  let result = await session.run(feed);
  const wall = [], cpu = [];
  for (let i = 0; i < Number(runs); ++i) {
    const before = process.cpuUsage(), start = process.hrtime.bigint();
    result = await session.run(feed);
    wall.push(Number(process.hrtime.bigint() - start) / 1e6);
    const used = process.cpuUsage(before);
    cpu.push((used.user + used.system) / 1e3);
  }
  const data = result[session.outputNames[0]].data;
  fs.writeFileSync(output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  const ascending = (a, b) => a - b;
  wall.sort(ascending);
  cpu.sort(ascending);
  console.log(JSON.stringify({
    min_ms: wall[0], median_ms: median(wall), cpu_min_ms: cpu[0],
    cpu_median_ms: median(cpu), peak_rss_bytes: process.resourceUsage().maxRSS * 1024
  }));
})();
