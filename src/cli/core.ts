import type { CreateCliClient, DryRun, ParseJobFile, StartPeer } from './ports.ts'

/*
 * The doors to the core. All of them are dynamic: `minga --help`, `config`, `doctor` and the completion must not wait for libp2p.
 */

export const loadCompute = async () => (await import('../compute/compute.ts')).createCompute

// @ts-expect-error The core is not there yet; the line goes when src/cli-client.ts comes.
export const loadClient = async (): Promise<CreateCliClient> => (await import('../cli-client.ts')).createCliClient

// @ts-expect-error As above.
export const loadDryRun = async (): Promise<DryRun> => (await import('../cli-client.ts')).dryRun

// @ts-expect-error The line goes when src/peer-main.ts comes.
export const loadPeer = async (): Promise<StartPeer> => (await import('../peer-main.ts')).startPeer

// @ts-expect-error The line goes when src/job/job-file.ts comes.
export const loadJobFileParser = async (): Promise<ParseJobFile> => (await import('../job/job-file.ts')).parseJobFile
