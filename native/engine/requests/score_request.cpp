#include <algorithm>
#include <map>
#include <span>

#include "engine/requests/prompt_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// All candidates after one prefix, in groups that share the tokens they begin with.
class ScoreRequest : public PromptRequest<ScoreParams, ScoreResult> {
  public:
    using PromptRequest::PromptRequest;

  private:
    // Tokens decoded together: one graph's worth.
    static constexpr size_t MAX_GROUP_TOKENS = 64;

    int64_t prepare(int64_t n_prefix) override {
        size_t longest = 1;
        for (const auto& text : params_.candidates) {
            auto& tokens = result_.candidates.emplace_back().tokens;
            tokens = model().tokenizer()->encode(text);
            longest = std::max(longest, tokens.size());
            if (tokens.empty() || tokens.size() > Engine::MAX_CANDIDATE_TOKENS) {
                throw mismatch(ErrorCode::OptionRange, "candidate",
                               std::to_string(tokens.size()) + " tokens long",
                               "1 to " + std::to_string(Engine::MAX_CANDIDATE_TOKENS) + " tokens");
            }
            // A text can spell the placeholder of a picture, whose logit means nothing.
            for (int32_t id : tokens) {
                if (model().config().tokens.is_usable(id)) continue;
                throw mismatch(ErrorCode::OptionRange, "candidate",
                               "a text with token " + std::to_string(id),
                               "tokens that the model can generate");
            }
        }
        resolve_max_tokens(model(), n_prefix, static_cast<int>(longest));
        return static_cast<int64_t>(std::max(longest, MAX_GROUP_TOKENS));
    }

    Step proceed() override {
        if (next_ == 0)
            first_logits_.assign(sequence().logits().begin(), sequence().logits().end());
        decode_group();
        result_.decode_ms += watch_.lap();
        if (next_ < result_.candidates.size()) return Step::More;
        return finish_result();
    }

    void decode_group() {
        struct Want {  // logprobs[at] of the candidate is that of `token`
            size_t candidate, at;
            int32_t token;
        };
        std::vector<int32_t> tokens, parents;
        std::map<std::pair<int32_t, int32_t>, int32_t> nodes;  // parent and token -> node
        std::map<int32_t, std::vector<Want>> wants;            // by the node before
        for (; next_ < result_.candidates.size(); ++next_) {
            auto& candidate = result_.candidates[next_];
            // At most as many new nodes as tokens.
            if (!tokens.empty() && tokens.size() + candidate.tokens.size() > MAX_GROUP_TOKENS)
                break;
            candidate.logprobs.resize(candidate.tokens.size() + 1);
            int32_t parent = -1;
            for (size_t i = 0; i < candidate.tokens.size(); ++i) {
                const int32_t token = candidate.tokens[i];
                wants[parent].push_back({next_, i, token});
                const auto [it, is_new] =
                    nodes.emplace(std::pair{parent, token}, static_cast<int32_t>(tokens.size()));
                if (is_new) {
                    tokens.push_back(token);
                    parents.push_back(parent);
                }
                parent = it->second;
            }
            wants[parent].push_back({next_, candidate.tokens.size(), model().config().tokens.eos});
        }
        result_.n_completion += static_cast<int>(tokens.size());
        auto visit = [&](int32_t node, std::span<const float> logits) {
            const double log_sum = Sampler::log_sum(logits);
            for (const Want& w : wants[node])
                result_.candidates[w.candidate].logprobs[w.at] =
                    static_cast<float>(logits[w.token] - log_sum);
        };
        visit(-1, first_logits_);
        sequence().branch(tokens, parents, [&](size_t node, std::span<const float> logits) {
            visit(static_cast<int32_t>(node), logits);
        });
    }

    std::vector<float> first_logits_;
    size_t next_ = 0;
};

}  // namespace

RequestPtr score_request(uint64_t id, Engine& engine, ScoreParams params) {
    return std::make_shared<ScoreRequest>(id, engine, std::move(params));
}

}  // namespace paligemma
