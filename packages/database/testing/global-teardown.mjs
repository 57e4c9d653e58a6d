import { closeFolder } from './test-server.mjs'

export default () => closeFolder(process.env.ASHLAR_TEST_SERVER)
