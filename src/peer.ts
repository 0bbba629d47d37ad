#!/usr/bin/env node
import { launch } from './launcher.ts'

// `node dist/peer.js` is `minga peer`; the peer itself is put together in peer-main.ts.
await launch(import.meta.url, async () => (await import('./cli/main.ts')).main(['peer', ...process.argv.slice(2)]))
