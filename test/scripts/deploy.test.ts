import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Contract, HDNodeWallet, JsonRpcProvider } from 'ethers'
import { runDeploy } from '../../scripts/deploy/deploy.ts'
import { parseOptions } from '../../scripts/deploy/options.ts'
import { hashOfFile } from '../../scripts/keys/export.ts'
import { parseChainFile } from '../../src/chain/chain-file.ts'
import { connectChain } from '../../src/chain/connect.ts'
import { InsecureVerifierError, OtherDeploymentError, UnfitTokenError } from '../../src/chain/deploy/errors.ts'
import { type Anvil, startAnvil } from '../../src/chain/devnet/anvil.ts'
import { WrongChainError } from '../../src/chain/errors.ts'
import { SIZE_CLASS_NAMES } from '../../src/job/settlement/size-classes.ts'
import { checkKeys } from '../../src/proof/check-keys.ts'
import { readCircuitsFile } from '../../src/proof/circuits-file.ts'
import { createProver } from '../../src/proof/prover.ts'
import { exportTinyCeremonies } from '../circuits/tiny-ceremony.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN = 4242
const deployer = HDNodeWallet.fromPhrase(MNEMONIC)
/** Token, four verifiers, escrow. */
const CONTRACTS = 6

describe('deploying on a chain that is not for development', () => {
  let folder: string
  let anvil: Anvil
  let provider: JsonRpcProvider
  let r1cs: string
  const at = (name: string) => join(folder, name)
  const allKeys = () => SIZE_CLASS_NAMES.flatMap((name) => ['--keys', at(name)])
  const nonce = () => provider.getTransactionCount(deployer.address, 'latest')

  /** The lines that it printed. */
  async function run(args: readonly string[], { rpc = anvil.url, chainId = CHAIN } = {}): Promise<string[]> {
    const lines: string[] = []
    const argv = ['--rpc', rpc, '--chain-id', String(chainId), '--key-file', at('key'), ...args]
    await runDeploy(argv, { env: {}, print: (line) => lines.push(line), r1csOf: () => r1cs })
    return lines
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'minga-deploy-'))
    writeFileSync(at('key'), deployer.privateKey, { mode: 0o600 })
    anvil = await startAnvil({ port: 0, chainId: CHAIN, mnemonic: MNEMONIC, accounts: 2 })
    provider = new JsonRpcProvider(anvil.url, CHAIN, { staticNetwork: true, cacheTimeout: -1 })
    r1cs = await hashOfFile((await exportTinyCeremonies(folder, SIZE_CLASS_NAMES)).r1cs)
  })
  after(async () => {
    provider?.destroy()
    await anvil?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('says what it would do and cost, and does nothing', async () => {
    const lines = await run(['--out', at('dry'), ...allKeys(), '--dry-run'])
    for (const name of ['JobToken', ...SIZE_CLASS_NAMES.map((size) => `Verifier${size}`), 'Escrow']) {
      assert.ok(
        lines.some((line) => line.startsWith(name) && /0x[0-9a-fA-F]{40} {2}about \d+ gas$/.test(line)),
        `${name} in ${lines.join('\n')}`,
      )
    }
    assert.equal(existsSync(at('dry')), false)
    assert.equal(await nonce(), 0)
  })

  it('refuses development keys, another chain, and gaps among the size classes', async () => {
    await assert.rejects(run(['--out', at('no')]), InsecureVerifierError)
    await assert.rejects(run(['--out', at('no'), ...allKeys()], { chainId: 1 }), WrongChainError)
    await assert.rejects(run(['--out', at('no'), '--keys', at('4x4')]), /none for 5x10, 8x8, 16x16/)
    await assert.rejects(run(['--out', at('no'), ...allKeys(), '--keys', at('4x4')]), /one --keys for 4x4, found two/)
    await assert.rejects(run(['--out', at('no'), ...allKeys(), '--max-fee', '0.000000001']), /gwei at most/)
    assert.equal(await nonce(), 0)
  })

  it('refuses an export that is not what its transcript says', async () => {
    const forged = async (change: (folder: string) => void, why: RegExp) => {
      rmSync(at('forged'), { recursive: true, force: true })
      cpSync(at('4x4'), at('forged'), { recursive: true })
      change(at('forged'))
      await assert.rejects(run(['--out', at('no'), '--keys', at('forged')]), why)
    }
    const edit = (name: string, from: RegExp, to: string) => (dir: string) => {
      const text = readFileSync(join(dir, name), 'utf8')
      assert.match(text, from)
      writeFileSync(join(dir, name), text.replace(from, to))
    }
    const steps = (change: (steps: object[]) => unknown[]) => (dir: string) => {
      const path = join(dir, 'transcript.json')
      const transcript = JSON.parse(readFileSync(path, 'utf8')) as { steps: object[] }
      writeFileSync(path, JSON.stringify({ ...transcript, steps: change(transcript.steps) }))
    }
    await forged((dir) => appendFileSync(join(dir, '4x4.zkey'), 'x'), /the proving key in/)
    await forged((dir) => appendFileSync(join(dir, '4x4.wasm'), 'x'), /the program in/)
    await forged((dir) => appendFileSync(join(dir, 'Verifier4x4.sol'), '// x'), /Verifier4x4.sol .* to follow from/)
    await forged(edit('transcript.json', /"r1csSha256": ".{64}/, `"r1csSha256": "${'0'.repeat(64)}`), /the constraint system in/)
    await forged(edit('transcript.json', /"kind": "beacon"/, '"kind": "contribution"'), /a ceremony's transcript in/)
    await forged(
      steps(([initial, contribution]) => [initial, contribution]),
      /a beacon has ended/,
    )
    await forged(
      steps(([initial, , beacon]) => [initial, { ...beacon, file: '4x4-0001.zkey' }]),
      /with contributions/,
    )
    await forged(edit('4x4.json', /"insecure": false/, '"insecure": true'), /calls itself insecure/)
    await forged(edit('4x4.json', /"verificationKey": ".{64}/, `"verificationKey": "${'0'.repeat(64)}`), /the verification key in/)
    await forged(edit('4x4.json', /"vk_alpha_1": \[\s*"/, '"vk_alpha_1": ["1'), /the verification key in full/)
  })

  it('goes on after a lost connection, and creates nothing twice', async () => {
    const flaky = await startFlaky(anvil.url, 3)
    try {
      await assert.rejects(run(['--out', at('out'), ...allKeys()], { rpc: flaky.url }))
    } finally {
      flaky.server.close()
    }
    const sent = await nonce()
    assert.equal(sent, 3, 'the third reached the chain, its answer did not come back')
    assert.equal(existsSync(at('out/chain.json')), false)
    const lines = await run(['--out', at('out'), ...allKeys()])
    assert.equal(lines.filter((line) => line.endsWith('stands')).length, 3)
    assert.equal(await nonce(), CONTRACTS)
    // A third time there is nothing left to do.
    const before = readFileSync(at('out/chain.json'), 'utf8')
    await run(['--out', at('out'), ...allKeys()])
    assert.equal(await nonce(), CONTRACTS)
    assert.equal(readFileSync(at('out/chain.json'), 'utf8'), before)
    await assert.rejects(run(['--out', at('out'), '--supply', '5', ...allKeys()]), OtherDeploymentError)
  })

  it('writes what peers and clients read: the verifiers are those of the keys that peers prove with', async () => {
    const file = parseChainFile(JSON.parse(readFileSync(at('out/chain.json'), 'utf8')))
    assert.equal(file.chainId, CHAIN)
    const circuits = await readCircuitsFile(at('out/circuits.json'))
    const chain = await connectChain({ chain: file, walletKey: Buffer.from(deployer.privateKey.slice(2), 'hex') })
    try {
      const sizeClasses = await chain.sizeClasses()
      assert.equal(sizeClasses.length, SIZE_CLASS_NAMES.length)
      checkKeys(circuits, SIZE_CLASS_NAMES, { chainId: CHAIN, sizeClasses })
    } finally {
      await chain.stop()
    }
    const { proof, publicSignals } = await createProver({}, { circuits }).prove('5x10', { n: '2' })
    const abi = ['function verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[4]) view returns (bool)']
    const verifier = new Contract(file.verifiers['5x10']!.verifier, abi, provider).getFunction('verifyProof')
    assert.equal(await verifier(proof.a, proof.b, proof.c, publicSignals), true)
    assert.equal(await verifier(proof.a, proof.b, proof.c, [...publicSignals.slice(0, -1), 3n]), false)
  })

  it('takes a token that stands, and none that lacks what peers need', async () => {
    const { token, escrow } = JSON.parse(readFileSync(at('out/chain.json'), 'utf8'))
    await assert.rejects(run(['--out', at('more'), ...allKeys(), '--token', escrow]), UnfitTokenError)
    await assert.rejects(run(['--out', at('more'), ...allKeys(), '--token', `0x${'12'.repeat(20)}`]), UnfitTokenError)
    await run(['--out', at('more'), ...allKeys(), '--token', token, '--public-rpc', 'https://rpc.example.org'])
    assert.equal(await nonce(), 2 * CONTRACTS - 1)
    const file = JSON.parse(readFileSync(at('more/chain.json'), 'utf8'))
    assert.deepEqual([file.token, file.rpc], [token, ['https://rpc.example.org']])
  })

  it('takes no key from its arguments, and says what it lacks', async () => {
    const none = { env: {}, print: () => {} }
    await assert.rejects(runDeploy(['--rpc', anvil.url, '--chain-id', '1', '--out', at('no')], none), /--key-file or MINGA_DEPLOY_KEY/)
    const wrong = { env: { MINGA_DEPLOY_KEY: 'secret' }, print: () => {} }
    await assert.rejects(
      runDeploy(['--rpc', anvil.url, '--chain-id', '1', '--out', at('no')], wrong),
      (error: Error) => !error.message.includes('secret'),
    )
    assert.throws(() => parseOptions(['--rpc', 'http://x', '--out', 'x']), /--chain-id/)
    assert.throws(() => parseOptions(['--key', '0x12']), /--key/)
  })

  it('is a program that explains itself, and ends with the error’s code', async () => {
    const main = resolve(import.meta.dirname, '../../scripts/deploy/main.ts')
    const child = (args: string[]) => {
      const env = { ...process.env, MINGA_DEPLOY_KEY: deployer.privateKey }
      return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
    }
    const helped = child(['--help'])
    const [text] = (await once(helped.stdout, 'data')) as [Buffer]
    assert.match(text.toString(), /--chain-id/)
    const refused = child(['--rpc', anvil.url, '--chain-id', '1', '--out', at('no')])
    const [code] = await once(refused, 'exit')
    assert.equal(code, 5)
  })
})

/** Stands before a node, and hangs up on everyone for good once it has passed the `count`-th transaction on: its answer is lost. */
async function startFlaky(target: string, count: number): Promise<{ url: string; server: Server }> {
  let sent = 0
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
      if (sent >= count) return request.socket.destroy()
      if (body.includes('eth_sendRawTransaction')) sent++
      const answer = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      const text = await answer.text()
      if (sent >= count) return request.socket.destroy()
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
