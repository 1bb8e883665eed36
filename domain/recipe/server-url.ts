import { z } from 'zod'

const urlFrom = (start: RegExp) =>
  z
    .string()
    .regex(start, { error: 'use an http(s) URL that ends in /v1, e.g. http://localhost:8000/v1', abort: true })
    .regex(/^(?!https?:\/\/[^/?#\\]*@)/, {
      error: 'its URL holds a user name or a password: put the key into an environment variable, and name that',
      abort: true,
    })
    // An empty query is refused too: the path of a call would become part of it.
    .regex(/^[^?#]*$/, {
      error:
        'its URL holds a ? or a #: give it up to /v1; a parameter goes into query:, and a key into an environment variable',
      abort: true,
    })
    .refine((text) => URL.canParse(text), 'this is no URL')

/**
 * Where a model is served, up to `/v1`. URLs appear in recipes, messages and logs, so they must not
 * hold a secret: no user name, no password, no query. Messages never repeat the URL.
 */
export const serverUrl = urlFrom(/^https?:\/\/[^/?#\\\s]\S*$/)

/** A server's URL, or `demo:teacher`. */
export const recipeUrl = urlFrom(/^(https?:\/\/[^/?#\\\s]|demo:)\S*$/)

/** A URL without the slashes at its end: two URLs of one server are equal. */
export const bareUrl = (url: string): string => url.replace(/\/+$/, '')
