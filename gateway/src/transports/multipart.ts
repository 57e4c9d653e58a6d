/** The parts of a `multipart/mixed` body (RFC 2046, 5.1.1), each of them JSON. */
export interface MultipartWording {
  readonly contentType: string
  /** What stands before the first part. */
  readonly opening: string
  /** One part, and the boundary behind it: clients read a part once its boundary is there. */
  part(json: string): string
  /** Behind the last part. */
  readonly closing: string
}

/** @param spec of what the parts are, such as `subscriptionSpec="1.0"` */
export const multipart = (boundary: string, spec: string): MultipartWording => ({
  contentType: `multipart/mixed;boundary="${boundary}";${spec}`,
  opening: `\r\n--${boundary}`,
  part: (json) => `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${json}\r\n--${boundary}`,
  closing: '--\r\n',
})
