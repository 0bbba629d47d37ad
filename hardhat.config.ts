import { fileURLToPath } from 'node:url'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import hardhatNodeTestRunner from '@nomicfoundation/hardhat-node-test-runner'
import { defineConfig } from 'hardhat/config'
import { SOLC_SETTINGS } from './scripts/contracts/compiler.ts'

/** The compiler that npm's `solc` ships. Without a path Hardhat would download one, and a profile that names none has none. */
const compiler = {
  version: '0.8.37',
  path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
  settings: SOLC_SETTINGS,
}

/** scripts/contracts/coverage.ts measures a copy that has a probe in every branch. */
const copy = process.env.MINGA_CONTRACTS
const sources = copy ?? 'contracts'
const built = copy === undefined ? '.cache/contracts' : '.cache/probed-artifacts'

export default defineConfig({
  plugins: [hardhatEthers, hardhatNodeTestRunner],
  paths: {
    sources,
    tests: { nodejs: 'test/contracts/spec', solidity: `${sources}/test` },
    cache: `${built}-cache`,
    artifacts: built,
  },
  solidity: { profiles: { default: { compilers: [compiler] }, production: { compilers: [compiler] } } },
  test: {
    solidity: {
      // Enough to walk through all states several times, and few enough for two busy cores. A fixed seed: a failure can be had again.
      fuzz: { runs: 64, seed: '0x6d696e6761' },
      invariant: { runs: 64, depth: 128, failOnRevert: true },
    },
  },
})
