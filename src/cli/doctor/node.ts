import { findOurNode, isNodeSupported } from '../../launcher.ts'
import type { Check } from './check.ts'

/** The Node that runs this, and whether it is the one npm brought. */
export function checkNode(): Check {
  const version = process.versions.node
  const ours = findOurNode(import.meta.url)
  const isOurs = ours === process.execPath
  const facts = { version, path: process.execPath, broughtByNpm: isOurs }
  const found = `${version}, ${isOurs ? 'brought by npm' : `of the system (${process.execPath})`}`
  if (isNodeSupported(version)) return { name: 'node', status: 'ok', found, facts }
  return { name: 'node', status: 'fail', found, fix: 'install Node 24, or run `npm install --include=optional`', facts }
}
