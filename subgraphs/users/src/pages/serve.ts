import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, show, showProblem } from './answer.js'
import { documentOf } from './document.js'
import type { House } from './house.js'
import { problemOf } from './problem.js'
import { forgedPage, problemPage } from './problem-pages.js'
import { isSameOrigin } from './same-origin.js'
import { Visit } from './visit.js'

export type Handler = (visit: Visit) => Promise<Answer> | Answer

/** Makes a handler of pages into one of requests: checks where a form comes from, and writes the answer with its cookies. */
export const serve = (house: House, handler: Handler) => async (request: FastifyRequest, reply: FastifyReply) => {
  const visit = new Visit(house, request)
  return write(visit, reply, await answerOf(visit, handler))
}

async function answerOf(visit: Visit, handler: Handler): Promise<Answer> {
  try {
    if (visit.request.method === 'POST' && !isOurForm(visit)) return show(forgedPage(visit), 403)
    await visit.recognise()
    return await handler(visit)
  } catch (error) {
    const problem = problemOf(error, visit.house.log)
    return showProblem(problemPage(problem), problem)
  }
}

const isOurForm = (visit: Visit): boolean =>
  isSameOrigin(visit.request.headers, visit.house.config.publicUrl) && visit.house.formTokens.matches(visit.formSecret, visit.field('form'))

function write(visit: Visit, reply: FastifyReply, answer: Answer) {
  const { house, formSecret } = visit
  const { refreshCookie } = visit.caller.reply
  for (const cookie of visit.cookies) reply.header('set-cookie', cookie)
  if (refreshCookie !== undefined) {
    reply.header(
      'set-cookie',
      refreshCookie ? house.sessionCookie.serialize(refreshCookie.value, refreshCookie.expiresAt) : house.sessionCookie.clear(),
    )
  }
  if ('redirectTo' in answer) return reply.redirect(answer.redirectTo, 303)
  if (formSecret.isNew) reply.header('set-cookie', house.formTokens.keep(formSecret))
  if (answer.retryAfterSeconds !== null) reply.header('retry-after', answer.retryAfterSeconds)
  return reply.code(answer.status).type('text/html; charset=utf-8').send(documentOf(answer.page, visit.host))
}
