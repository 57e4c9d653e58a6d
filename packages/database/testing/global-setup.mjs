import { openFolder } from './test-server.mjs'

export default openFolder
