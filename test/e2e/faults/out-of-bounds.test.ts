/** FAULTS 30: a Job whose shader reads and writes beyond its buffers, on a peer that has just had another's secret on its device. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTestNetwork } from '../support/fault-network.ts'
import { finish } from '../support/follow-job.ts'
import { dataJob, numbersJob } from '../support/jobs.ts'

const SHAPE = { macroJobs: 1, microJobs: 2, blocks: 2 }
const SECRET = 0x5ec2e7
const OWN = 77

/** Looks far and near behind each of its buffers, and before them as far as numbers that wrap around lead. */
const PEEKING = `
@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) { return; }
  let far = array<u32, 4>(index + 1u, 4096u * (index + 1u), 0x7fffffffu - index, 0u - 1u - index);
  var seen = 0u;
  for (var i = 0u; i < 4u; i++) {
    O[arrayLength(&O) + far[i]] = 0xbadu;
    let a = I[arrayLength(&I) + far[i]];
    let b = P[arrayLength(&P) + far[i]];
    if (a == ${SECRET}u || b == ${SECRET}u) { seen |= 1u << i; }
    if (a != 0u && a != ${OWN}u) { seen |= 16u << i; }
  }
  O[index] = 1000u + seen;
}`

it('a shader that reads and writes out of bounds finds nothing of others, and harms nobody', async (t) => {
  const network = await startTestNetwork(t)
  const peer = await network.startPeer('peer-1')
  const client = await network.client()

  const secret = dataJob(64, 32, { name: 'secret', params: [1] })
  const words = new Uint32Array(secret.data.length / 4).fill(SECRET)
  const confided = await finish(client, await client.place({ ...secret.draft, data: new Uint8Array(words.buffer) }))
  assert.deepEqual(new Set(new Uint32Array(Uint8Array.from(confided.bytes).buffer)), new Set([SECRET]))

  const own = dataJob(16, 16, { name: 'peeking', code: PEEKING })
  const filler = new Uint32Array(own.data.length / 4).fill(OWN)
  const { bytes } = await finish(client, await client.place({ ...own.draft, data: new Uint8Array(filler.buffer) }))
  const found = new Set(new Uint32Array(Uint8Array.from(bytes).buffer))
  // A write behind the end may land on the last word of its own, and nowhere else.
  found.delete(0xbad)
  assert.deepEqual([...found], [1000])

  const { draft, expected } = numbersJob(SHAPE, { name: 'after it' })
  assert.deepEqual(Buffer.from((await finish(client, await client.place(draft))).bytes), Buffer.from(expected))
  assert.deepEqual(
    peer.log.filter(({ level }) => level === 'error'),
    [],
  )
})
