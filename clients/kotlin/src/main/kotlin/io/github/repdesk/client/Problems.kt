package io.github.repdesk.client

import java.io.IOException
import okhttp3.Interceptor
import okhttp3.Response

/** Makes every refusal a [ProblemException]. */
internal object Problems : Interceptor {
    override fun intercept(chain: Interceptor.Chain): Response {
        val response = chain.proceed(chain.request())
        if (!response.isSuccessful) throw ProblemException.of(response)
        if (response.body.contentType()?.subtype == "html") {
            response.close()
            throw IOException("A page came in place of an answer: the network wants somebody to log in, perhaps.")
        }
        return response
    }
}
