// The few libuv functions the pump needs, declared here: Node exports them, but the headers this
// package builds with (node-api-headers) do not carry uv.h. Only opaque pointers and the request's
// run-time size are used, so no layout is assumed; these signatures are part of libuv 1.x's stable
// ABI.
//
// Why not napi_create_async_work: while such work runs, Node's teardown of an environment waits for
// it *before* it calls cleanup hooks, so nothing could cancel a generation when a worker thread is
// terminated.
#pragma once
#include <cstddef>

#ifdef _WIN32
#define UV_EXTERN __declspec(dllimport)
#else
#define UV_EXTERN
#endif

extern "C" {
struct uv_loop_s;
struct uv_work_s;
UV_EXTERN int uv_queue_work(uv_loop_s* loop, uv_work_s* request, void (*work)(uv_work_s*),
                            void (*after)(uv_work_s*, int status));
UV_EXTERN size_t uv_req_size(int type);
UV_EXTERN void uv_req_set_data(uv_work_s* request, void* data);
UV_EXTERN void* uv_req_get_data(const uv_work_s* request);
}

namespace paligemma {
constexpr int UV_REQUEST_WORK = 7;  // UV_WORK in uv_req_type
}
