import { createRequire } from 'node:module'
import type { VerifierArtifact } from '../../src/chain/deploy/verifiers.ts'
import { SOLC_SETTINGS } from '../contracts/compiler.ts'
import type { ExportedKey } from './exported-key.ts'

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[]
  contracts?: Record<string, Record<string, { evm: { bytecode: { object: string } } }>>
}

/** The verifiers as npm's solc compiles them, with the settings of all contracts here; nothing is fetched. Throws where it finds an error. */
export function compileVerifiers(keys: readonly ExportedKey[]): VerifierArtifact[] {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(keys.map(({ sizeClass, source }) => [sizeClass, { content: source }])),
    settings: { ...SOLC_SETTINGS, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  }
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput
  const [fatal] = errors.filter(({ severity }) => severity === 'error')
  if (fatal !== undefined) throw new Error(`expected the verifiers to compile:\n${fatal.formattedMessage}`)
  return keys.map(({ sizeClass, key }) => {
    const bytecode = `0x${contracts![sizeClass]![`Verifier${sizeClass}`]!.evm.bytecode.object}`
    return { sizeClass, insecure: false, verificationKeyHash: `0x${key.sha256.verificationKey}`, bytecode }
  })
}
