import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

describe('in a browser', () => {
  it('the way from createBlocks down imports nothing of Node', async () => {
    const entry = fileURLToPath(new URL('../../src/storage/blocks.ts', import.meta.url))
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    const inputs = Object.values(metafile.inputs).flatMap((input) => input.imports)
    assert.deepEqual(
      inputs.filter(({ path, external }) => external || path.startsWith('node:')).map(({ path }) => path),
      [],
    )
    assert.ok(!Object.keys(metafile.inputs).some((path) => path.includes('/storage/') && path.endsWith('-node.ts')))
  })
})
