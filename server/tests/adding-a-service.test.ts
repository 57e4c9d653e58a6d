import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestDatabase } from '@ashlar/database/testing'
import { describe, expect, it } from '@jest/globals'
import { freePort } from './app/test-app.js'
import { blocksOf } from './documents/blocks.js'
import { clone } from './documents/clone.js'
import { run } from './documents/run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SERVICE = 'subgraphs/reading'
const describeWithCurl = spawnSync('curl', ['--version']).status === 0 ? describe : describe.skip

describeWithCurl('docs/adding-a-service.md', () => {
  it('makes, by its commands alone, a service that passes its tests and is in the graph', async () => {
    const blocks = blocksOf(join(ROOT, 'docs/adding-a-service.md')).filter(({ script }) => script.trim() !== '')
    const [question] = blocks.filter(({ printed }) => printed !== undefined)
    const making = blocks.filter((block) => block !== question)
    if (!question) throw new Error('the document asks its service nothing')
    await using copy = await clone(ROOT)

    const made = await run(making, copy.folder, (script) => script)
    expect([made.exitCode, made.complaints]).toEqual([0, ''])

    // What `npm install`, `npm test` and `npm start` do about what is new, without doing all the rest again.
    await copy.link(SERVICE)
    await copy.run(['scripts/codegen.mjs'])
    await copy.run(['node_modules/typescript/bin/tsc', '--project', `${SERVICE}/tsconfig.build.json`])
    await copy.run(['--experimental-vm-modules', '../../node_modules/jest/bin/jest.js'], { cwd: SERVICE })
    await using database = await startTestDatabase({ services: [] })
    const port = await freePort()
    await copy.start({ PORT: String(port), DATA_DIR: join(copy.folder, '.ashlar'), DATABASE_URL: database.url, DEMO: '1' })

    const { printed } = await run([question], copy.folder, (script) => script.replaceAll('localhost:4000', `localhost:${port}`))
    expect(JSON.parse(printed[0] ?? 'null')).toEqual(question.printed)
  }, 180_000)
})
