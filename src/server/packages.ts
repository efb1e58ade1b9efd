/** Installed beside this package by those who serve, all with one command. */
export const SERVER_PACKAGES = ['fastify', '@fastify/multipart', 'prom-client'];
