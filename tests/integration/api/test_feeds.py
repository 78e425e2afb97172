"""Those who stand at the same place of a job share a look at it, until there is news."""

from __future__ import annotations

from headrace.api.context import Context
from headrace.api.feeds import Followed, Source
from headrace.api.update import Seen
from headrace.model.ids import parse_job_id
from tests.integration.api.callers import Api, deploy, run


async def test_a_look_serves_all_at_one_place_until_there_is_news(api: Api):
    await deploy(api.alice, "u/alice/script")
    job = parse_job_id(await run(api.alice, "u/alice/script"))
    context: Context = api.app.state.context
    followed = Followed(api.tokens["alice"], "acme", job)
    source = Source(context.pool, context.waiters, context.blobs, context.read_log)
    begin, later = Seen(), Seen(attempt=0)
    with (
        context.waiters.news_of(job) as news,
        context.feeds.follow(source, followed) as feed,
        context.feeds.follow(source, followed) as other,
    ):
        assert feed is other
        looks = [await feed.look(seen) for seen in (begin, later, begin, later)]
        assert looks[0] is looks[2]
        assert looks[1] is looks[3]
        context.switchboard.notify("headrace_jobs_changed", {str(job)})
        await news.wait()
        assert await feed.look(begin) is not looks[0]
