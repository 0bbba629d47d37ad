/**
 * A DApp: it places a Job, follows it, and saves the verified result. It uses the client library and nothing else of Minga.
 *
 *   npm run example:dapp -- /ip4/127.0.0.1/tcp/4618/ws/p2p/12D3KooW…
 */
import { writeFile } from 'node:fs/promises'
import { createClient, type JobDraft, JobFailedError, type MingaClient, MingaError } from 'minga'

/** One word a pixel: each invocation writes the pixel of its index, as docs/COMPUTE.md lays down. */
const plasma = /* wgsl */ `
@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

fn wave(x: u32) -> u32 { let t = x & 511u; return select(511u - t, t, t < 256u); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + P[12];
  if (i >= P[13]) { return; }
  let x = P[4] + i % P[1];
  let y = P[5] + i / P[1];
  let r = wave(x * 3u + y);
  let g = wave(y * 2u + ((x * x) >> 9u));
  let b = wave(x + y + ((x * y) >> 8u));
  O[i] = r | (g << 8u) | (b << 16u) | 0xff000000u;
}
`

const draft: JobDraft = {
  name: 'plasma',
  code: plasma,
  slicing: { width: 640, height: 360 },
}

const [bootstrap, output = 'plasma.rgba'] = process.argv.slice(2)
if (bootstrap === undefined) {
  console.error('usage: npm run example:dapp -- <address of a bootstrap node, …/ws/p2p/…> [output file]')
  process.exit(2)
}

// `await using client = …` closes it as well, where the runtime knows explicit resource management (Node 24, not Node 22).
let client: MingaClient | undefined
try {
  client = await createClient({ bootstrap: [bootstrap] })
  const job = await client.place(draft, { signal: AbortSignal.timeout(60_000) })
  console.log(`placed ${job.jobId}; from here on the network does not need us`)

  for await (const event of job) {
    if (event.type === 'peer:joined') console.log(`peer ${event.peer.slice(-6)} works on it`)
    if (event.type === 'job:finished') console.log(`finished: ${event.state}`)
  }

  const { bytes, picture, report } = await job.result()
  await writeFile(output, bytes)
  console.log(`${output}: ${picture?.width}×${picture?.height} RGBA, as the peers agreed; report ${report?.cid ?? 'none that holds'}`)
} catch (error) {
  if (error instanceof JobFailedError) console.error(`the Job failed: ${error.reason}`)
  else if (error instanceof MingaError) console.error(`${error.message}\n${error.hint ?? ''}`)
  else throw error
  process.exitCode = error instanceof MingaError ? error.exitCode : 1
} finally {
  await client?.close()
}
