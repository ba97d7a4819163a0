package io.github.repdesk.client

import io.github.repdesk.client.apis.AdministrationApi
import io.github.repdesk.client.apis.ChatApi
import io.github.repdesk.client.apis.ConsolesApi
import io.github.repdesk.client.apis.DirectoryApi
import io.github.repdesk.client.apis.EntrancesApi
import io.github.repdesk.client.apis.EventsApi
import io.github.repdesk.client.apis.GuestsApi
import io.github.repdesk.client.apis.PublicApi
import io.github.repdesk.client.apis.QueuesApi
import io.github.repdesk.client.apis.ServerApi
import io.github.repdesk.client.apis.SessionsApi
import io.github.repdesk.client.apis.SharingApi
import io.github.repdesk.client.apis.SpecialistsApi
import kotlin.random.Random
import okhttp3.HttpUrl.Companion.toHttpUrl
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import retrofit2.Retrofit
import retrofit2.converter.kotlinx.serialization.asConverterFactory
import retrofit2.create

/**
 * The operations of a repdesk server, as suspending functions.
 *
 * ```
 * val client = RepdeskClient("https://desk.example.com", { preferences.token })
 * val invitation = client.sharing.invite(sessionId, InviteRequest(repId = "@ben"))
 * ```
 *
 * A refusal is a [ProblemException]; any other [java.io.IOException] means that no answer came. What failed for a reason that
 * passes (the network, a server that is busy or being restarted) is tried again up to three times: a GET, PUT or DELETE as it
 * is, a POST under its `Idempotency-Key`, which is made where the caller gives none. All operations can be called on any thread.
 *
 * @param baseUrl Where the server is, up to and without `/v1`.
 * @param tokens Knows the token of whoever is logged in.
 * @param okHttp What the requests go through: its pool, proxies, certificates and interceptors are used.
 * @throws IllegalArgumentException if [baseUrl] is not an http or https address.
 */
public class RepdeskClient internal constructor(baseUrl: String, tokens: TokenProvider, okHttp: OkHttpClient, retries: Retries) {
    /** See the class for what is given. */
    public constructor(baseUrl: String, tokens: TokenProvider, okHttp: OkHttpClient = OkHttpClient()) :
        this(baseUrl, tokens, okHttp, Retries(Random.Default))

    private val base = "${baseUrl.trimEnd('/')}/".toHttpUrl()
    private val polite = okHttp.newBuilder().addInterceptor(RequestHeaders(tokens)).build()
    private val patient = polite.newBuilder().addInterceptor(retries).addInterceptor(Problems).build()
    private val retrofit = Retrofit.Builder().baseUrl(base).client(patient)
        .addConverterFactory(json.asConverterFactory("application/json".toMediaType())).build()

    /** Reps, teams, portals, issues, API tokens: what administrators look after. */
    public val administration: AdministrationApi = retrofit.create()

    /** The chat of sessions and teams. */
    public val chat: ChatApi = retrofit.create()

    /** Logging in and out, the rep's own account, devices. */
    public val consoles: ConsolesApi = retrofit.create()

    /** Teams, issues and portals, as a rep sees them. */
    public val directory: DirectoryApi = retrofit.create()

    /** Session keys. */
    public val entrances: EntrancesApi = retrofit.create()

    /** The snapshot, and events by polling; [eventStream] follows them as they happen. */
    public val events: EventsApi = retrofit.create()

    /** What customers and specialists do, with the token of a guest. */
    public val guests: GuestsApi = retrofit.create()

    /** What needs no token: entering, joining by code, answering an email's link. */
    public val public: PublicApi = retrofit.create()

    /** Queues and their entries. */
    public val queues: QueuesApi = retrofit.create()

    /** What the server is and can do. */
    public val server: ServerApi = retrofit.create()

    /** Sessions and who is in them. */
    public val sessions: SessionsApi = retrofit.create()

    /** Inviting, asking for help, and what became of it. */
    public val sharing: SharingApi = retrofit.create()

    /** Specialists from outside. */
    public val specialists: SpecialistsApi = retrofit.create()

    /** What happens, as it happens. A console has one stream: another ends the first. */
    public fun eventStream(): EventStream = eventStream(Random.Default)

    internal fun eventStream(random: Random) = EventStream(base, polite.newBuilder().addInterceptor(Problems).build(), events, random)
}
