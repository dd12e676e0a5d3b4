#include "target.h"

bool pp_request_accepts(const struct pp_request *request, int status)
{
    if (request->status_count == 0)
        return status >= 200 && status <= 399;
    for (size_t i = 0; i < request->status_count; i++)
        if (request->statuses[i] == status)
            return true;
    return false;
}
