/*
 * The types of the functions of net_websocket.h. It is enough that this compiles, as C99 and later
 * or as C++: nothing is called.
 */
#include "net_websocket.h"

typedef struct WebSocket *(*Constructor)(WebSocket_OnOpenCallback, WebSocket_OnMessageCallback,
                                         WebSocket_OnErrorCallback, WebSocket_OnCloseCallback);
typedef int (*AddHeader)(struct WebSocket *, struct WebSocket_Header);
typedef int (*Connect)(struct WebSocket *, const char *, struct WebSocket_RequestOptions);
typedef int (*Send)(struct WebSocket *, char *, size_t);
typedef int (*Close)(struct WebSocket *, struct WebSocket_CloseOption);
typedef int (*Destroy)(struct WebSocket *);

void functions_have_their_types(void);
void functions_have_their_types(void)
{
    Constructor constructor = OH_WebSocketClient_Constructor;
    AddHeader add_header = OH_WebSocketClient_AddHeader;
    Connect connect = OH_WebSocketClient_Connect;
    Send send = OH_WebSocketClient_Send;
    Close close = OH_WebSocketClient_Close;
    Destroy destroy = OH_WebSocketClient_Destroy;

    (void)constructor, (void)add_header, (void)connect, (void)send, (void)close, (void)destroy;
}
