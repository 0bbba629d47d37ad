import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cacheDirectory } from '../compute/support.ts'
import { minga } from './run.ts'

const CODE = `
@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index < P[13]) { O[index] = I[index] + 7u; }
}
`

describe('minga place --dry-run', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-dry-run-'))
    await writeFile(join(folder, 'code.wgsl'), CODE)
  })
  after(async () => rm(folder, { recursive: true }))

  async function dryRun(data: object | null, ...args: string[]) {
    const path = join(folder, 'job.json')
    await writeFile(path, JSON.stringify({ name: 'dry', code: 'code.wgsl', slicing: { width: 64, height: 64 }, data }))
    const env = { MINGA_COMPUTE_DEVICE: 'software', MINGA_CACHE_DIR: cacheDirectory }
    return minga(['place', path, '--dry-run', ...args], { env })
  }

  it('says that zeros stand for data behind a URI', async () => {
    const data = { uri: 'ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' }
    const { code, stdout, stderr } = await dryRun(data)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^data +not fetched: zeros stand for it/m)
    assert.equal(JSON.parse((await dryRun(data, '--json')).stdout).data, 'zeros')
  })

  it('reads data that is here, and says nothing of it', async () => {
    await writeFile(join(folder, 'data.bin'), new Uint8Array(64 * 64 * 4).fill(1))
    const { stdout, stderr } = await dryRun({ file: 'data.bin' }, '--json')
    assert.equal(JSON.parse(stdout || '{}').data, 'local', stderr)
  })

  it('refuses what is no CID', async () => {
    const { code, stderr } = await dryRun({ uri: 'ipfs://notacid' })
    assert.equal(code, 2)
    assert.match(stderr, /data\.uri: expected the CID of a file/)
  })
})
