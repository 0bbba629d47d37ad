import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findBreaches } from '../../scripts/check-fences.ts'

describe('the import fences', () => {
  let src: string
  before(async () => {
    src = await mkdtemp(join(tmpdir(), 'minga-fences-'))
  })
  after(async () => rm(src, { recursive: true }))

  const breachesOf = async (file: string, source: string) => {
    await mkdir(join(src, dirname(file)), { recursive: true })
    await writeFile(join(src, file), source)
    const found = findBreaches(src)
    await rm(join(src, file))
    return found.map(({ specifier, why }) => `${specifier}: ${why}`)
  }

  it('hold in this house', () => {
    assert.deepEqual(findBreaches(resolve(import.meta.dirname, '../../src')), [])
  })

  it('let through what is allowed', async () => {
    const source =
      "import { createLibp2p } from 'libp2p'\nimport type { Network } from '../ports.ts'\nimport { parse } from './frames.ts'\nimport 'node:net'"
    assert.deepEqual(await breachesOf('network/node.ts', source), [])
  })

  const breaches: readonly (readonly [name: string, file: string, source: string, why: RegExp])[] = [
    ['a vendor package outside its folder', 'roles/x.ts', "import { createLibp2p } from 'libp2p'", /only network\/ may import it/],
    ['a part of one', 'storage/x.ts', "import type { PeerId } from '@libp2p/interface'", /only network\/ may import it/],
    [
      'an adapter that imports another',
      'storage/x.ts',
      "import { node } from '../network/node.ts'",
      /^\.\.\/network\/node\.ts: storage\/ may import errors\.ts/,
    ],
    ['also for a type alone', 'compute/x.ts', "import type { Node } from '../network/node.ts'", /compute\/ may import/],
    ['a role that reaches into an adapter', 'roles/x.ts', "import { open } from '../replica/replica.ts'", /roles\/ may import/],
    ['a domain that reads files', 'job/x.ts', "import { readFile } from 'node:fs/promises'", /it must run in a browser too/],
    ['also where node: is left out', 'protocol/x.ts', "import fs from 'fs'", /it must run in a browser too/],
    ['a dynamic import', 'job/x.ts', "const load = () => import('../storage/blocks.ts')", /job\/ may import/],
    ['a re-export', 'log.ts', "export * from './ports.ts'", /nothing of ours/],
    ['an import over several lines', 'job/x.ts', "import {\n  a,\n  b,\n} from '../roles/x.ts'", /job\/ may import/],
    ['a composition root that is imported', 'cli/x.ts', "import { startPeer } from '../peer-main.ts'", /composition root/],
    ['a folder without a layer', 'misc/x.ts', "import '../errors.ts'", /has no layer/],
  ]
  for (const [name, file, source, why] of breaches) {
    it(`find ${name}`, async () => {
      const found = await breachesOf(file, source)
      assert.equal(found.length, 1)
      assert.match(found[0]!, why)
    })
  }

  it('do not mind words in comments', async () => {
    assert.deepEqual(await breachesOf('job/x.ts', "/**\n * import x from 'libp2p'\n */\n// import 'yjs'\n"), [])
  })
})
