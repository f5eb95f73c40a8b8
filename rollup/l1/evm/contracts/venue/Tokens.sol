// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assets} from "venue/Assets.sol";
import {DataContract} from "venue/DataContract.sol";
import {GovernanceReader} from "venue/GovernanceReader.sol";
import {IRollupEvents, TokenTerms} from "venue/IRollup.sol";
import {Schedule} from "venue/Schedule.sol";
import {Malformed} from "venue/Types.sol";
import {Vault} from "venue/Vault.sol";

/// Which token a mark is of: said where its asset is listed first, and never again. So no
/// parameters change what a lot is that somebody has, or was announced.
library Tokens {
    using Vault for Vault.Store;

    /// Give USDC its token, and the assets of the first parameters theirs.
    function open(
        Vault.Store storage vault,
        Schedule.Store storage schedule,
        TokenTerms calldata usdc,
        TokenTerms[] calldata tokens
    ) external {
        give(vault, Assets.USDC, usdc);
        listAll(vault, schedule, tokens);
    }

    /// Give the assets of the last parameters that were announced their tokens, by rising mark,
    /// those that have none. Malformed unless there is one for each and none beside.
    function list(
        Vault.Store storage vault,
        Schedule.Store storage schedule,
        TokenTerms[] calldata tokens
    ) external {
        listAll(vault, schedule, tokens);
    }

    function listAll(
        Vault.Store storage vault,
        Schedule.Store storage schedule,
        TokenTerms[] calldata tokens
    ) private {
        address terms = schedule.entries[schedule.entries.length - 1].data;
        uint256 markets = count(terms);
        uint256 next = 0;
        for (uint256 mark = 1; mark <= markets; ++mark) {
            if (vault.ledgers[mark].token.token != address(0)) continue;
            (bool isListed,,) = GovernanceReader.loadAsset(terms, mark);
            if (!isListed) continue;
            if (next == tokens.length) revert Malformed();
            give(vault, mark, tokens[next++]);
        }
        if (next != tokens.length) revert Malformed();
    }

    function give(Vault.Store storage vault, uint256 mark, TokenTerms calldata terms) private {
        vault.list(mark, terms);
        emit IRollupEvents.TokenListed(mark, terms.token, terms.unit);
    }

    /// How many markets the parameters list.
    function count(address terms) private view returns (uint256) {
        uint256 size = GovernanceReader.NUMBER_BYTES;
        return GovernanceReader.number(DataContract.read(terms, GovernanceReader.COUNT_AT, size), 0);
    }
}
