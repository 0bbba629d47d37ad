import { fitSlicing } from '../../src/job/fit.ts'
import type { JobInfo } from '../../src/job/info.ts'

/** A well-formed JobInfo over a 64×32 picture, to be changed in one place by each test. */
export function exampleJobInfo(changes: Partial<JobInfo> = {}): JobInfo {
  const cid = `bafkrei${'a'.repeat(52)}`
  return {
    version: 1,
    name: 'example',
    requester: `12D3KooW${'1'.repeat(44)}`,
    wallet: null,
    seed: '0123456789abcdef'.repeat(4),
    code: { kind: 'wgsl', uri: `ipfs://${cid}`, cid, bytes: 1000 },
    program: { workgroupSize: 64, invocations: 32, prelude: [], outputElement: 'u32' },
    data: { uri: `ipfs://${cid}`, cid, bytes: 64 * 32 * 4 },
    params: [1, 2, 3],
    slicing: fitSlicing({ width: 64, height: 32, macroJobs: 2, microJobs: 4, blocks: 4, overlap: 1, input: {} }),
    verification: { mode: 'exact' },
    unitPriceWei: '0',
    deadline: null,
    limits: { blockMs: 10_000, leaseMs: 5000, memoryBytes: 1024 * 1024 },
    presentation: { kind: 'image' },
    ...changes,
  }
}
