/**
 * HTTP/1.1 of Node, fetched in a way that leaves out the web client within: an `import` of `node:http` loads that too, for the names
 * WebSocket and CloseEvent, which takes 60 ms and 16 MB. Fetched by who needs it and not before: 4 to 14 ms of every start.
 */
export const nodeHttp = () => process.getBuiltinModule('node:http')
