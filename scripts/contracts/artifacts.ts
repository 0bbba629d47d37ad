import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUILT, ROOT } from './hardhat.ts'

/** What of the contracts is committed: enough to deploy them without a compiler. */
export const COMMITTED = join(ROOT, 'src/chain/deploy/artifacts')

interface Built {
  abi: unknown[]
  bytecode: string
}

/** Each committed file's name and text, from what Hardhat has built and the keys that circuits/ pins. */
export function expectedArtifacts(): Map<string, string> {
  const files = new Map(['JobToken', 'Escrow'].map((name) => [`${name}.json`, toText(built(`${name}.sol/${name}.json`))]))
  for (const path of globSync('contracts/verifiers/Verifier*.sol', { cwd: ROOT }).sort()) {
    const sizeClass = /Verifier(\w+)\.sol$/.exec(path)![1]!
    const { bytecode } = built(`verifiers/Verifier${sizeClass}.sol/Verifier${sizeClass}.json`)
    const { insecure, sha256 } = pinned(sizeClass)
    files.set(`Verifier${sizeClass}.json`, toText({ sizeClass, insecure, verificationKeyHash: `0x${sha256.verificationKey}`, bytecode }))
  }
  return files
}

function built(path: string): Built {
  const { abi, bytecode } = JSON.parse(readFileSync(join(BUILT, 'contracts', path), 'utf8')) as Built
  return { abi, bytecode }
}

/** The verifiers in contracts/verifiers are generated from the development keys. */
function pinned(sizeClass: string): { insecure: boolean; sha256: { verificationKey: string } } {
  return JSON.parse(readFileSync(join(ROOT, `circuits/keys/insecure-dev-${sizeClass}.json`), 'utf8'))
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`
}
