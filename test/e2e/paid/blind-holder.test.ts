/** A bootstrap node that was not given the chain: paid Jobs are refused to the face of who places them, and nothing is paid. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { connectChain } from '../../../src/chain/connect.ts'
import { startDevnet } from '../../../src/chain/devnet/devnet.ts'
import { EXIT } from '../../../src/errors.ts'
import { silentLogger } from '../../../src/index.ts'
import { startTestNetwork, temporaryDirectory } from '../support/fault-network.ts'
import { jobFileOf } from '../support/jobs.ts'
import { paidJob } from './support.ts'

it('a bootstrap node without the chain file keeps no paid Job, and `place` says what to do', async (t) => {
  let stop = async () => {}
  const directory = await temporaryDirectory(t, () => stop())
  const devnet = await startDevnet({ logger: silentLogger }, { directory: join(directory, 'chain'), port: 0, fund: [] })
  stop = () => devnet.stop()
  const network = await startTestNetwork(t)
  const { key } = devnet.chain.development!.wallets[8]!
  const walletFile = join(directory, 'wallet.key')
  await writeFile(walletFile, key, { mode: 0o600 })
  const chain = await connectChain({
    chain: devnet.chain,
    walletKey: new Uint8Array(Buffer.from(key.slice(2), 'hex')),
    pollingIntervalMs: 50,
  })
  t.after(() => chain.stop())
  const { tokenWei } = await chain.balances()

  const { draft } = paidJob('blind')
  const path = join(directory, 'job.json')
  await writeFile(`${path}.wgsl`, draft.code)
  await writeFile(path, jobFileOf(draft, `${path}.wgsl`))
  const { code, stderr } = await network.cli('place', path, '--no-check', '--wallet-key-file', walletFile, '--chain-file', devnet.chainFile)
  assert.equal(code, EXIT.network, stderr)
  // After the price, which is told before anything is paid.
  assert.match(stderr, /^price +0\.000000000016122896 tokens into escrow/)
  const warning = `\nwarning: ${network.bootstrap().peer} does not hold the Job: it was not given the chain that pays\n`
  assert.ok(stderr.includes(warning), stderr)
  assert.match(stderr, /none took it \(no-chain\)[\s\S]*minga bootstrap --chain-file <file>/)
  const told = network.bootstrap().log.filter(({ level }) => level === 'warn' || level === 'error')
  assert.deepEqual(
    told.map(({ msg }) => msg),
    ['refuses to hold paid Jobs of a chain that it was not given (--chain-file)'],
  )
  const { tokenWei: left, creditWei } = await chain.balances()
  assert.equal(left + creditWei, tokenWei)
})
