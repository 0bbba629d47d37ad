import type { CheckStores, CliWallet, CreateCliClient, DryRun, OpenCliChain, ParseJobFile, ReadCircuits, StartPeer } from './ports.ts'

/*
 * The doors to the core. All of them are dynamic: `minga --help`, `config`, `doctor` and the completion must not wait for libp2p.
 */

export const loadCompute = async () => (await import('../compute/compute.ts')).createCompute

export const loadClient = async (): Promise<CreateCliClient> => (await import('../cli-client.ts')).createCliClient

export const loadDryRun = async (): Promise<DryRun> => (await import('../cli-client.ts')).dryRun

export const loadPeer = async (): Promise<StartPeer> => (await import('../peer-main.ts')).startPeer

export const loadJobFileParser = async (): Promise<ParseJobFile> => (await import('../job/job-file.ts')).parseJobFile

export const loadStoreCheck = async (): Promise<CheckStores> => (await import('../node/check-stores.ts')).checkStores

export const loadCircuits = async (): Promise<ReadCircuits> => (await import('../proof/circuits-file.ts')).readCircuitsFile

export const loadDemo = async () => (await import('../demo/run-demo.ts')).runDemo

export const loadDevnet = async () => (await import('../chain/devnet/devnet.ts')).startDevnet

export const loadWallet = async (): Promise<CliWallet> => (await import('../node/cli-chain.ts')).cliWallet

export const loadChain = async (): Promise<OpenCliChain> => (await import('../node/cli-chain.ts')).openCliChain
