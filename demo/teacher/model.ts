import type { TeacherSettings } from '../world.ts'
import { RefusedRequest } from './chat-request.ts'
import type { ChatRequest } from './chat-request.ts'
import type { SeeingRole } from './vision/role.ts'

/** One model: the text that it writes for a request under a sample's seed. */
export type Model = (request: ChatRequest, seed: number, settings: TeacherSettings) => Promise<string>

/**
 * A model that looks at exactly one picture; a request without a picture or with several is
 * refused.
 */
export function seeing(role: SeeingRole): Model {
  return async ({ model, images, text }, seed, settings) => {
    const [image] = images
    if (image === undefined || images.length > 1) {
      throw refused(`${model} looks at exactly one picture a request, not ${images.length}.`)
    }
    return role(image, text, seed, settings)
  }
}

/** A model that reads the prompt's text; a request with a picture is refused. */
export function reading(
  role: (prompt: string, seed: number, settings: TeacherSettings) => Promise<string> | string,
): Model {
  return async ({ model, images, text }, seed, settings) => {
    if (images.length > 0) throw refused(`${model} reads text only. Send no picture.`)
    return role(text, seed, settings)
  }
}

function refused(message: string): RefusedRequest {
  return new RefusedRequest(400, 'invalid_value', 'messages', message)
}
