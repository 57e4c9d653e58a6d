import { createPostsWorkload } from './posts/workload.js'
import type { CreateWorkload } from './workload.js'

/** All of them run at once. */
export const workloads: readonly CreateWorkload[] = [createPostsWorkload]
