import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { buildArtifacts } from '../../scripts/circuits/artifacts.ts'
import { INSECURE_REMARK, readPinned, verifierPath } from '../../scripts/circuits/pin.ts'
import { hashOfVerificationKey, pinnedOf, verifierSource } from '../../scripts/keys/export.ts'
import { PUBLIC_SIGNALS } from '../../src/job/settlement/signals.ts'
import { SIZE_CLASS_NAMES } from '../../src/job/settlement/size-classes.ts'
import { parsePinnedKey } from '../../src/proof/pinned-key.ts'

const constantOf = (source: string, name: string) => new RegExp(`uint256 constant ${name}\\s*= (\\d+);`).exec(source)?.[1]

describe('what is committed of the development keys', () => {
  for (const name of SIZE_CLASS_NAMES) {
    it(`is one key for peers and contract: ${name}`, () => {
      const pinned = parsePinnedKey(readPinned(name))
      assert.equal(pinned.insecure, true)
      assert.equal(pinned.sha256.verificationKey, hashOfVerificationKey(readPinned(name).verificationKey))
      const { verificationKey: key } = pinned
      assert.equal(key.nPublic, PUBLIC_SIGNALS.length)
      const source = readFileSync(verifierPath(name), 'utf8')
      assert.match(source, new RegExp(`INSECURE[\\s\\S]*contract Verifier${name} \\{`))
      const points = [['alpha', key.vk_alpha_1], ...key.IC.map((point, i) => [`IC${i}`, point] as const)] as const
      for (const [at, [x, y]] of points) assert.deepEqual([constantOf(source, `${at}x`), constantOf(source, `${at}y`)], [x, y], at)
      for (const [at, [x, y]] of [
        ['beta', key.vk_beta_2],
        ['gamma', key.vk_gamma_2],
        ['delta', key.vk_delta_2],
      ] as const) {
        assert.deepEqual([constantOf(source, `${at}x1`), constantOf(source, `${at}x2`)], [x[1], x[0]], at)
        assert.deepEqual([constantOf(source, `${at}y1`), constantOf(source, `${at}y2`)], [y[1], y[0]], at)
      }
    })
  }

  it('keeps each circuit in its domain: one constraint more than 2^n doubles the work', () => {
    const powers = { '4x4': 14, '5x10': 15, '8x8': 15, '16x16': 16 }
    // a domain has a point for each constraint, each public signal and the constant
    for (const name of SIZE_CLASS_NAMES) assert.ok(readPinned(name).constraints + PUBLIC_SIGNALS.length + 1 <= 2 ** powers[name], name)
  })

  it('is what the sources give, to the byte: `npm run circuits -- --pin` brings it up to date', async () => {
    const artifacts = await buildArtifacts('4x4')
    assert.deepEqual(await pinnedOf(artifacts, { name: '4x4', insecure: true }), readPinned('4x4'))
    assert.equal(await verifierSource(artifacts.zkey, '4x4', INSECURE_REMARK), readFileSync(verifierPath('4x4'), 'utf8'))
    const again = await buildArtifacts('4x4')
    assert.deepEqual(again, artifacts)
  })
})
